# The clock is compared with the time server now.
$ErrorActionPreference = 'Stop'

$service = Get-Service -Name W32Time
if ($service.StartType -eq 'Disabled') {
    [Console]::Error.WriteLine('The time service (W32Time) is disabled on this machine.')
    exit 1
}
if ($service.Status -ne 'Running') {
    Start-Service -Name W32Time
    $service.WaitForStatus('Running', [timespan]::FromSeconds(30))
}
w32tm.exe /resync /rediscover
$code = $LASTEXITCODE
w32tm.exe /query /status
if ($code -ne 0) {
    [Console]::Error.WriteLine("No time server answered (w32tm ended with $code).")
    exit 1
}
exit 0
