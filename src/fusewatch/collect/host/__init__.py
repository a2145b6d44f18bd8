"""The machine that Fusewatch runs on: CPU, memory, disks, network, processes."""
