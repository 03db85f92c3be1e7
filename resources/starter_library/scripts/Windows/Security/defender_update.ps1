# New signatures for Microsoft Defender.
$ErrorActionPreference = 'Stop'

$before = (Get-MpComputerStatus).AntivirusSignatureVersion
Update-MpSignature
$after = (Get-MpComputerStatus).AntivirusSignatureVersion
if ($before -eq $after) {
    "The signatures are the newest already: $after"
} else {
    "The signatures are $after now, and were $before."
}
