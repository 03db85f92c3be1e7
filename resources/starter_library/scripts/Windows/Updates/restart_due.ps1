# Whether a restart is due, and why. Exit code 1 when it is.
$ErrorActionPreference = 'Stop'

$reasons = @()
if (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') {
    $reasons += 'Windows components were changed.'
}
if (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') {
    $reasons += 'Windows Update installed something.'
}
$manager = Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' -ErrorAction SilentlyContinue
if ($manager.PendingFileRenameOperations) {
    $reasons += 'Files in use wait to be replaced.'
}
$name = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName'
$active = (Get-ItemProperty "$name\ActiveComputerName").ComputerName
$wanted = (Get-ItemProperty "$name\ComputerName").ComputerName
if ($active -ne $wanted) {
    $reasons += "The computer is to be called $wanted."
}

if ($reasons.Count -eq 0) {
    Write-Output 'No restart is due.'
    exit 0
}
Write-Output 'A restart is due:'
$reasons
exit 1
