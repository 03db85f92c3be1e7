# The profiles of the firewall as they are in force. Exit code 1 when one is off.
$ErrorActionPreference = 'Stop'

$off = 0
foreach ($one in Get-NetFirewallProfile -PolicyStore ActiveStore) {
    $on = "$($one.Enabled)" -eq 'True'
    if (-not $on) { $off += 1 }
    '{0,-8} {1,-4} in: {2}, out: {3}' -f $one.Name, $(if ($on) { 'on' } else { 'OFF' }), $one.DefaultInboundAction, $one.DefaultOutboundAction
}
foreach ($network in Get-NetConnectionProfile -ErrorAction SilentlyContinue) {
    'connected: {0} is {1}' -f $network.Name, $network.NetworkCategory
}
if ($off -gt 0) {
    [Console]::Error.WriteLine("The firewall is off for $off of 3 kinds of networks.")
    exit 1
}
exit 0
