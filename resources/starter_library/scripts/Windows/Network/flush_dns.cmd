@echo off
rem Names are asked for anew from now on.
ipconfig /flushdns || exit /b 1
ipconfig /registerdns || exit /b 1
exit /b 0
