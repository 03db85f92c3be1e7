# Whoever has a desktop has an Explorer.
$ErrorActionPreference = 'Stop'

$desktops = @(Get-CimInstance Win32_Process -Filter "Name = 'explorer.exe'" | Sort-Object -Property SessionId -Unique)
foreach ($desktop in $desktops) {
    $owner = Invoke-CimMethod -InputObject $desktop -MethodName GetOwner
    'session {0}  {1}\{2}  since {3:yyyy-MM-dd HH:mm}' -f $desktop.SessionId, $owner.Domain, $owner.User, $desktop.CreationDate
}
"$($desktops.Count) signed in"
