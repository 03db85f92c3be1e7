# Services that should run and do not. Exit code 1 when there is one.
$ErrorActionPreference = 'Stop'

$stopped = @(Get-CimInstance Win32_Service -Filter "StartMode = 'Auto' and State <> 'Running'" |
    # Started by a trigger: they may rest.
    Where-Object { -not (Test-Path "HKLM:\SYSTEM\CurrentControlSet\Services\$($_.Name)\TriggerInfo") } |
    Where-Object { -not $_.DelayedAutoStart -or $_.ExitCode -ne 0 })

if ($stopped.Count -eq 0) {
    Write-Output 'Every automatic service runs.'
    exit 0
}
foreach ($service in $stopped) {
    '{0,-30} exit {1,-6} {2}' -f $service.Name, $service.ExitCode, $service.DisplayName
}
exit 1
