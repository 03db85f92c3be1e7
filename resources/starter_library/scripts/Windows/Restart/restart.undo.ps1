# Calls the restart off.
shutdown.exe /a
# 1116: there was none.
if ($LASTEXITCODE -ne 0 -and $LASTEXITCODE -ne 1116) { exit 1 }
'No restart is on its way.'
exit 0
