"""The constant script that gives a PowerShell script its parameters. Nothing is ever pasted into it.

Its rules, because PowerShell has many doors:
* a parameter is bound by name only where the script declares it in `param()`; every parameter is a `DF_`
  variable and a line of the JSON file anyway;
* arguments are bound by position, also those that begin with a dash;
* the script's own `exit N` is the exit code; an error that nobody catches is 1; a program that failed in
  the middle of the script is the script's business (as with `powershell -File`);
* it changes no preference variable: those would be inherited by the script.
"""

from __future__ import annotations

LAUNCHER = r"""
try {
    [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
} catch {
    Write-Debug 'There is no console.'
}
$DeployFlowScript = [IO.Path]::Combine($PSScriptRoot, 'script.ps1')
$DeployFlowDeclared = @{}
$DeployFlowTokens = $null
$DeployFlowErrors = $null
$DeployFlowTree = [System.Management.Automation.Language.Parser]::ParseFile(
    $DeployFlowScript, [ref]$DeployFlowTokens, [ref]$DeployFlowErrors)
if ($DeployFlowTree.ParamBlock) {
    foreach ($DeployFlowItem in $DeployFlowTree.ParamBlock.Parameters) {
        $DeployFlowDeclared[$DeployFlowItem.Name.VariablePath.UserPath] = $true
    }
}
$DeployFlowNamed = @{}
$DeployFlowRest = @()
foreach ($DeployFlowLine in [IO.File]::ReadAllLines([IO.Path]::Combine($PSScriptRoot, 'launch.txt'))) {
    $DeployFlowWords = $DeployFlowLine.Split(' ')
    $DeployFlowText = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($DeployFlowWords[-1]))
    if ($DeployFlowWords[0] -eq 'A') {
        $DeployFlowRest += $DeployFlowText
    } elseif ($DeployFlowDeclared.ContainsKey($DeployFlowWords[1])) {
        $DeployFlowNamed[$DeployFlowWords[1]] = switch ($DeployFlowWords[2]) {
            'i' { [long]::Parse($DeployFlowText, [Globalization.CultureInfo]::InvariantCulture) }
            'd' { [double]::Parse($DeployFlowText, [Globalization.CultureInfo]::InvariantCulture) }
            'b' { $DeployFlowText -eq 'true' }
            default { $DeployFlowText }
        }
    }
}
& $DeployFlowScript @DeployFlowNamed @DeployFlowRest
if (-not $?) {
    exit $LASTEXITCODE
}
exit 0
"""
