# In the virtual machine: a LAN without anybody on it, then the command; its exit code goes to the third serial line.
stty -F /dev/ttyS1 raw
modprobe dummy numdummies=0
ip link set lo up
ip link add lan0 type dummy
ip addr add 192.0.2.10/24 dev lan0
ip link set lan0 up
ip route add default via 192.0.2.1
export HOME=/root TMPDIR=/var/tmp EDGE_TEST_PATIENCE=10
cd /edge-cluster || exit
sh .machine/command.sh
echo $? > /dev/ttyS2
