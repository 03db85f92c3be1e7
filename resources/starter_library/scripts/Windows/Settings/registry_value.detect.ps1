# 0 when the value is there with this kind and data.
param(
    [Parameter(Mandatory = $true)][string]$Key,
    [Parameter(Mandatory = $true)][string]$ValueName,
    [ValidateSet('DWord', 'QWord', 'String', 'ExpandString')][string]$Kind = 'DWord',
    [Parameter(Mandatory = $true)][string]$Data
)

$ErrorActionPreference = 'Stop'
if (-not ($Key -match '^(HKLM|HKU):?\\(.+)$')) { exit 1 }
$hive = if ($Matches[1] -eq 'HKLM') { [Microsoft.Win32.RegistryHive]::LocalMachine } else { [Microsoft.Win32.RegistryHive]::Users }
$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, [Microsoft.Win32.RegistryView]::Registry64)
$target = $root.OpenSubKey($Matches[2].TrimEnd('\'))
if (-not $target -or $target.GetValueNames() -notcontains $ValueName) { exit 1 }
if ("$($target.GetValueKind($ValueName))" -ne $Kind) { exit 1 }
$now = $target.GetValue($ValueName, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
if ($Kind -eq 'DWord') { $now = [BitConverter]::ToUInt32([BitConverter]::GetBytes([int]$now), 0) }
if ($Kind -eq 'QWord') { $now = [BitConverter]::ToUInt64([BitConverter]::GetBytes([long]$now), 0) }
if ("$now" -cne $Data) { exit 1 }
"$Key\$ValueName is $Data already."
exit 0
