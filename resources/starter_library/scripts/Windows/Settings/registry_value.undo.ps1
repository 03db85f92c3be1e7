# What was there before the script set the value.
param(
    [Parameter(Mandatory = $true)][string]$Key,
    [Parameter(Mandatory = $true)][string]$ValueName
)

$ErrorActionPreference = 'Stop'
if (-not ($Key -match '^(HKLM|HKU):?\\(.+)$')) {
    [Console]::Error.WriteLine("A key begins with HKLM\ or HKU\, not: $Key")
    exit 2
}
$hive = if ($Matches[1] -eq 'HKLM') { [Microsoft.Win32.RegistryHive]::LocalMachine } else { [Microsoft.Win32.RegistryHive]::Users }
$path = $Matches[2].TrimEnd('\')
$machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
$kept = $machine.OpenSubKey('SOFTWARE\DeployFlow\Undo\Registry', $true)
$id = "$hive\$path\$ValueName"
if (-not $kept -or $kept.GetValueNames() -notcontains $id) {
    'The script did not set this value: nothing to take back.'
    exit 0
}
$kind = $kept.GetValueKind($id)
$old = $kept.GetValue($id, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, [Microsoft.Win32.RegistryView]::Registry64)
$target = $root.CreateSubKey($path)
if ($kind -eq [Microsoft.Win32.RegistryValueKind]::None) {
    $target.DeleteValue($ValueName, $false)
    "$Key\$ValueName is gone, as it was before."
} else {
    $target.SetValue($ValueName, $old, $kind)
    "$Key\$ValueName is as it was before."
}
$kept.DeleteValue($id)
