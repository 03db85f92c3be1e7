# What is installed for all users, from the list that Windows itself shows.
$ErrorActionPreference = 'Stop'

$keys = @(
    'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*'
    'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*'
)
$programs = Get-ItemProperty $keys -ErrorAction SilentlyContinue |
    Where-Object { $_.DisplayName -and -not $_.SystemComponent } |
    Sort-Object -Property 'DisplayName', 'DisplayVersion' -Unique

foreach ($program in $programs) {
    '{0}  {1}  ({2})' -f $program.DisplayName, $program.DisplayVersion, $program.Publisher
}
"`n$(@($programs).Count) programs"
