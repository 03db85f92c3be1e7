# Remote Desktop on.
$ErrorActionPreference = 'Stop'

$server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
Set-ItemProperty -Path "$server\WinStations\RDP-Tcp" -Name UserAuthentication -Value 1 -Type DWord
Set-ItemProperty -Path $server -Name fDenyTSConnections -Value 0 -Type DWord
# The name of the group as the system stores it: the shown one is translated.
Enable-NetFirewallRule -Group '@FirewallAPI.dll,-28752'
'Remote Desktop is allowed.'
