# The size of each profile, the largest first.
param([int]$MinimumMB = 100)

$ErrorActionPreference = 'Stop'
$profiles = foreach ($user in Get-CimInstance Win32_UserProfile -Filter 'Special = False') {
    if (-not (Test-Path -LiteralPath $user.LocalPath)) { continue }
    $size = [long]0
    $waiting = New-Object System.Collections.Stack
    $waiting.Push($user.LocalPath)
    while ($waiting.Count -gt 0) {
        foreach ($entry in Get-ChildItem -LiteralPath $waiting.Pop() -Force -ErrorAction SilentlyContinue) {
            # Links lead to what is counted elsewhere, or in a circle.
            if ($entry.Attributes -band [IO.FileAttributes]::ReparsePoint) { continue }
            if ($entry.PSIsContainer) { $waiting.Push($entry.FullName) } else { $size += $entry.Length }
        }
    }
    [pscustomobject]@{ Path = $user.LocalPath; MB = $size / 1mb; Used = $user.LastUseTime; Loaded = $user.Loaded }
}
$shown = @($profiles | Where-Object { $_.MB -ge $MinimumMB } | Sort-Object -Property MB -Descending)
foreach ($one in $shown) {
    $used = if ($one.Loaded) { 'in use' } elseif ($one.Used) { '{0:yyyy-MM-dd}' -f $one.Used } else { 'never' }
    '{0,12:N0} MB  {1,-10}  {2}' -f $one.MB, $used, $one.Path
}
"`n{0} of {1} profiles have {2} MB or more" -f $shown.Count, @($profiles).Count, $MinimumMB
