# Parts of Windows that nothing needs any more. DISM ends with 3010 when a restart is due.
$ErrorActionPreference = 'Stop'

$before = (Get-CimInstance Win32_LogicalDisk -Filter "DeviceID = '$env:SystemDrive'").FreeSpace
& "$env:SystemRoot\System32\Dism.exe" /Online /Cleanup-Image /StartComponentCleanup /NoRestart /English
$code = $LASTEXITCODE
$after = (Get-CimInstance Win32_LogicalDisk -Filter "DeviceID = '$env:SystemDrive'").FreeSpace
'{0:N0} MB more are free.' -f (($after - $before) / 1mb)
exit $code
