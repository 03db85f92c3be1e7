# The firewall is on afterwards, unless a policy of the domain says otherwise.
$ErrorActionPreference = 'Stop'

Set-NetFirewallProfile -Name 'Domain', 'Private', 'Public' -Enabled True
$off = @(Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { "$($_.Enabled)" -ne 'True' })
if ($off.Count -gt 0) {
    [Console]::Error.WriteLine("Still off, so a group policy wants it: $($off.Name -join ', ')")
    exit 1
}
'The firewall is on.'
