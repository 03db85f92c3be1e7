# Sets a value of the registry; what was there is kept for undo.
param(
    [Parameter(Mandatory = $true)][string]$Key,
    [Parameter(Mandatory = $true)][string]$ValueName,
    [ValidateSet('DWord', 'QWord', 'String', 'ExpandString')][string]$Kind = 'DWord',
    [Parameter(Mandatory = $true)][string]$Data
)

$ErrorActionPreference = 'Stop'
if (-not ($Key -match '^(HKLM|HKU):?\\(.+)$')) {
    [Console]::Error.WriteLine("A key begins with HKLM\ or HKU\, not: $Key")
    exit 2
}
$hive = if ($Matches[1] -eq 'HKLM') { [Microsoft.Win32.RegistryHive]::LocalMachine } else { [Microsoft.Win32.RegistryHive]::Users }
$path = $Matches[2].TrimEnd('\')
$value = $Data
try {
    if ($Kind -eq 'DWord') { $value = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32]$Data), 0) }
    if ($Kind -eq 'QWord') { $value = [BitConverter]::ToInt64([BitConverter]::GetBytes([uint64]$Data), 0) }
} catch {
    [Console]::Error.WriteLine("This is no number for a ${Kind}: $Data")
    exit 2
}

$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, [Microsoft.Win32.RegistryView]::Registry64)
$target = $root.CreateSubKey($path)
$machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
$kept = $machine.CreateSubKey('SOFTWARE\DeployFlow\Undo\Registry')
$id = "$hive\$path\$ValueName"
# What was there before the first time counts.
if ($kept.GetValueNames() -notcontains $id) {
    if ($target.GetValueNames() -contains $ValueName) {
        $old = $target.GetValue($ValueName, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        $kept.SetValue($id, $old, $target.GetValueKind($ValueName))
    } else {
        # A kind that this script never sets: there was nothing.
        $kept.SetValue($id, [byte[]]@(), [Microsoft.Win32.RegistryValueKind]::None)
    }
}
$target.SetValue($ValueName, $value, [Microsoft.Win32.RegistryValueKind]$Kind)
"$Key\$ValueName is $Data now."
