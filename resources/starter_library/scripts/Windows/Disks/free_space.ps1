# Old files in the temporary folders.
param(
    [int]$OlderThanDays = 14,
    [bool]$Delete = $false
)

$ErrorActionPreference = 'Stop'
$limit = (Get-Date).AddDays(-$OlderThanDays)
$folders = @("$env:SystemRoot\Temp")
$folders += Get-ChildItem "$env:SystemDrive\Users" -Directory -ErrorAction SilentlyContinue |
    ForEach-Object { Join-Path $_.FullName 'AppData\Local\Temp' }

function Get-OldFile([string]$Folder) {
    $waiting = New-Object System.Collections.Stack
    $waiting.Push($Folder)
    while ($waiting.Count -gt 0) {
        foreach ($entry in Get-ChildItem -LiteralPath $waiting.Pop() -Force -ErrorAction SilentlyContinue) {
            # Everybody can make a link here that leads to the files of somebody else.
            if ($entry.Attributes -band [IO.FileAttributes]::ReparsePoint) { continue }
            if ($entry.PSIsContainer) {
                $waiting.Push($entry.FullName)
            } elseif ($entry.LastWriteTime -lt $limit) {
                $entry
            }
        }
    }
}

$freed = 0
foreach ($folder in $folders | Where-Object { Test-Path -LiteralPath $_ }) {
    $old = @(Get-OldFile $folder)
    $size = ($old | Measure-Object Length -Sum).Sum
    '{0,8:N1} MB in {1,6} files  {2}' -f ($size / 1mb), $old.Count, $folder
    if ($Delete) {
        foreach ($file in $old) {
            try {
                Remove-Item -LiteralPath $file.FullName -Force
                $freed += $file.Length
            } catch {
                # In use: it is not temporary yet.
                Write-Output "left      $($file.FullName)"
            }
        }
    }
}

if ($Delete) {
    'Freed {0:N1} MB.' -f ($freed / 1mb)
} else {
    'Nothing was deleted: that has to be asked for.'
}
