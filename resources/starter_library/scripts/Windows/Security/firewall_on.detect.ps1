# 0 when the firewall is on everywhere.
$ErrorActionPreference = 'Stop'

$off = @(Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { "$($_.Enabled)" -ne 'True' })
if ($off.Count -gt 0) { exit 1 }
'The firewall is on already.'
exit 0
