# SMB shares with their rights.
param([bool]$IncludeHidden = $false)

$ErrorActionPreference = 'Stop'
$shares = @(Get-SmbShare | Where-Object { $IncludeHidden -or -not $_.Special })
foreach ($share in $shares) {
    "== $($share.Name)  $($share.Path)"
    if ($share.Description) { $share.Description }
    Get-SmbShareAccess -Name $share.Name -ErrorAction SilentlyContinue | ForEach-Object {
        '    {0,-6} {1,-8} {2}' -f $_.AccessControlType, $_.AccessRight, $_.AccountName
    }
}
"$($shares.Count) shares"

$sessions = @(Get-SmbSession)
if ($sessions.Count -gt 0) {
    "`n== Connected now"
    foreach ($session in $sessions) {
        '    {0} from {1}, {2} open files' -f $session.ClientUserName, $session.ClientComputerName, $session.NumOpens
    }
}
