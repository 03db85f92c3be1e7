# Members of the group of administrators. Exit code 1 when one is not expected.
param([string]$Expected = '')

$ErrorActionPreference = 'Stop'
# The group is called differently in each language; its number is the same.
$sid = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
$group = $sid.Translate([System.Security.Principal.NTAccount]).Value.Split('\')[-1]
$wanted = @($Expected.Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ })

# Get-LocalGroupMember gives up at the first account that is gone.
$strangers = 0
foreach ($member in @(([ADSI]"WinNT://./$group,group").psbase.Invoke('Members'))) {
    $entry = [ADSI]$member
    $path = $entry.Path -replace '^WinNT://', '' -replace '/', '\'
    $short = $path.Split('\')[-1]
    $fits = $wanted.Count -eq 0 -or ($wanted | Where-Object { $path -eq $_ -or $short -eq $_ -or $path -like "*\$_" })
    if ($fits) {
        "    $path ($($entry.SchemaClassName))"
    } else {
        $strangers += 1
        "NEW $path ($($entry.SchemaClassName))"
    }
}
if ($strangers -gt 0) {
    [Console]::Error.WriteLine("$strangers administrators are not expected.")
    exit 1
}
exit 0
