"""The machine around a node: real processes, their standard streams, small disks, closed folders, an own systemd."""
