# Remote Desktop off.
$ErrorActionPreference = 'Stop'

Set-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server' -Name fDenyTSConnections -Value 1 -Type DWord
Disable-NetFirewallRule -Group '@FirewallAPI.dll,-28752'
'Remote Desktop is not allowed any more.'
