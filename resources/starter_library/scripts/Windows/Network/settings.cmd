@echo off
rem How this machine is connected.
echo == Adapters
ipconfig /all
echo == Routes
route print -4
echo == Listening ports
netstat -ano | findstr /c:"LISTENING"
exit /b 0
