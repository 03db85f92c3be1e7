# Encryption of every drive. Exit code 1 when that of Windows is not protected, 2 where there is no BitLocker.
$ErrorActionPreference = 'Stop'

$states = @{ 0 = 'not encrypted'; 1 = 'encrypted'; 2 = 'encrypting'; 3 = 'decrypting'; 4 = 'encrypting, paused'; 5 = 'decrypting, paused' }
$protections = @{ 0 = 'not protected'; 1 = 'protected'; 2 = 'locked' }
try {
    $volumes = @(Get-CimInstance -Namespace 'root\cimv2\Security\MicrosoftVolumeEncryption' -ClassName Win32_EncryptableVolume)
} catch {
    [Console]::Error.WriteLine("This Windows has no BitLocker, or this account may not ask: $($_.Exception.Message)")
    exit 2
}

$open = $true
foreach ($volume in $volumes | Sort-Object -Property DriveLetter) {
    $conversion = Invoke-CimMethod -InputObject $volume -MethodName GetConversionStatus
    $name = if ($volume.DriveLetter) { $volume.DriveLetter } else { '(no letter)' }
    '{0,-12} {1,-14} {2}, {3} %' -f $name, $protections[[int]$volume.ProtectionStatus], $states[[int]$conversion.ConversionStatus], $conversion.EncryptionPercentage
    if ($volume.DriveLetter -eq $env:SystemDrive -and $volume.ProtectionStatus -eq 1) { $open = $false }
}
if ($open) {
    [Console]::Error.WriteLine("The drive of Windows ($env:SystemDrive) is not protected.")
    exit 1
}
exit 0
