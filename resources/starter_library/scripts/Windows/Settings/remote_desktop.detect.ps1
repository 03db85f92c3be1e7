# 0 when Remote Desktop is on, with network level authentication and through the firewall.
$ErrorActionPreference = 'Stop'

$server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
if ((Get-ItemProperty $server).fDenyTSConnections -ne 0) { exit 1 }
if ((Get-ItemProperty "$server\WinStations\RDP-Tcp").UserAuthentication -ne 1) { exit 1 }
$closed = @(Get-NetFirewallRule -Group '@FirewallAPI.dll,-28752' | Where-Object { "$($_.Enabled)" -ne 'True' })
if ($closed.Count -gt 0) { exit 1 }
'Remote Desktop is allowed already.'
exit 0
