# Updates that wait. Installs nothing.
$ErrorActionPreference = 'Stop'

$searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
$found = @($searcher.Search('IsInstalled = 0 and IsHidden = 0').Updates)
if ($found.Count -eq 0) {
    Write-Output 'No updates wait.'
    exit 0
}

Write-Output "$($found.Count) updates wait:"
foreach ($update in $found) {
    $severity = if ($update.MsrcSeverity) { $update.MsrcSeverity } else { '-' }
    '{0,-10} {1,8:N1} MB  {2}' -f $severity, ($update.MaxDownloadSize / 1mb), $update.Title
}
