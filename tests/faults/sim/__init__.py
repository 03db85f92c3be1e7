"""Agent and service, the real code of both, in a world where time, chance, disks and network are simulated.

Everything that happens follows from a seed, so a history that went wrong can be looked at as often as needed.

Not simulated: a snapshot that brings back live memory (or turns a file system back under a running boot).
Nothing that a program can write down survives that, so no protocol can tell it from an undisturbed life.
"""
