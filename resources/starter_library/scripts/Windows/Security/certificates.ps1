# Certificates that expire soon. Exit code 1 when there is one.
param(
    [int]$Days = 30,
    [ValidateSet('My', 'WebHosting', 'Root', 'CA')][string]$Store = 'My'
)

$ErrorActionPreference = 'Stop'
$place = "Cert:\LocalMachine\$Store"
if (-not (Test-Path $place)) {
    "This machine has no store $Store."
    exit 0
}
$now = Get-Date
$soon = 0
$all = @(Get-ChildItem $place | Sort-Object -Property NotAfter)
foreach ($certificate in $all) {
    $left = [math]::Floor(($certificate.NotAfter - $now).TotalDays)
    $mark = 'good'
    if ($left -lt $Days) {
        $mark = 'SOON'
        $soon += 1
    }
    '{0}  {1,6} days  {2:yyyy-MM-dd}  {3}  {4}' -f $mark, $left, $certificate.NotAfter, $certificate.Thumbprint, $certificate.Subject
}
"$($all.Count) certificates"
if ($soon -gt 0) {
    [Console]::Error.WriteLine("$soon expire within $Days days, or have expired.")
    exit 1
}
exit 0
