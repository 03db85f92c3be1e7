# Restarts one service and says how it is then.
param(
    [Parameter(Mandatory = $true)][string]$Service,
    [bool]$OnlyIfRunning = $false
)

$ErrorActionPreference = 'Stop'
# Not by -Name, which would take * for all of them.
$found = Get-Service | Where-Object { $_.Name -eq $Service }
if (-not $found) {
    if ($OnlyIfRunning) {
        "There is no service $Service here."
        exit 0
    }
    [Console]::Error.WriteLine("There is no service $Service.")
    exit 2
}
if ($OnlyIfRunning -and $found.Status -ne 'Running') {
    "$Service does not run here: it is left alone."
    exit 0
}

# Services that depend on it are stopped with it, and might not come back by themselves.
$dependents = @($found.DependentServices | Where-Object { $_.Status -eq 'Running' })
Restart-Service -InputObject $found -Force
foreach ($dependent in $dependents) {
    Start-Service -InputObject $dependent
    "started again: $($dependent.Name)"
}
$found.WaitForStatus('Running', [timespan]::FromSeconds(60))
$found.Refresh()
"$($found.Name) ($($found.DisplayName)): $($found.Status)"
