# The health of every disk. Exit code 1 when one is not healthy.
$ErrorActionPreference = 'Stop'

$bad = 0
foreach ($disk in Get-PhysicalDisk | Sort-Object -Property DeviceId) {
    '== {0}  {1}  {2}  {3:N0} GB' -f $disk.DeviceId, $disk.FriendlyName, $disk.MediaType, ($disk.Size / 1gb)
    'health    {0} ({1})' -f $disk.HealthStatus, ($disk.OperationalStatus -join ', ')
    # Many controllers and all virtual machines keep these to themselves.
    $counter = $disk | Get-StorageReliabilityCounter -ErrorAction SilentlyContinue
    if ($counter) {
        foreach ($name in 'Temperature', 'Wear', 'PowerOnHours', 'ReadErrorsUncorrected', 'WriteErrorsUncorrected') {
            if ($null -ne $counter.$name) { '{0,-24} {1}' -f $name, $counter.$name }
        }
    }
    if ($disk.HealthStatus -ne 'Healthy') { $bad += 1 }
    ''
}
if ($bad -gt 0) {
    [Console]::Error.WriteLine("$bad disks are not healthy: copy what is on them.")
    exit 1
}
exit 0
