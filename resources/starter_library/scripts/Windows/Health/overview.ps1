# What this machine is and how it is doing, on one page.
$ErrorActionPreference = 'Stop'

function Write-Section([string]$Title) { Write-Output "`n== $Title" }

$system = Get-CimInstance Win32_OperatingSystem
$computer = Get-CimInstance Win32_ComputerSystem
$processor = Get-CimInstance Win32_Processor | Select-Object -First 1

Write-Section 'System'
Write-Output "host      $($computer.Name)"
Write-Output "domain    $($computer.Domain)"
Write-Output "system    $($system.Caption) $($system.Version)"
Write-Output "model     $($computer.Manufacturer) $($computer.Model)"
$up = (Get-Date) - $system.LastBootUpTime
Write-Output ('up for    {0} days {1} h {2} min' -f $up.Days, $up.Hours, $up.Minutes)

Write-Section 'Processor and memory'
Write-Output "model     $($processor.Name.Trim())"
Write-Output "cores     $($computer.NumberOfLogicalProcessors)"
Write-Output ('memory    {0:N1} of {1:N1} GB free' -f ($system.FreePhysicalMemory / 1mb), ($system.TotalVisibleMemorySize / 1mb))

Write-Section 'Disks'
Get-CimInstance Win32_LogicalDisk -Filter 'DriveType = 3' | ForEach-Object {
    '{0}  {1,8:N1} of {2,8:N1} GB free  {3}' -f $_.DeviceID, ($_.FreeSpace / 1gb), ($_.Size / 1gb), $_.VolumeName
}

Write-Section 'Addresses'
Get-CimInstance Win32_NetworkAdapterConfiguration -Filter 'IPEnabled = True' | ForEach-Object {
    '{0}: {1}' -f $_.Description, ($_.IPAddress -join ', ')
}

Write-Section 'Signed in'
if ($computer.UserName) { Write-Output $computer.UserName } else { Write-Output 'nobody' }
