# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# redis.sh - a server with strings, lists, hashes and sorted sets, and a client that fills them.
#
#   sh redis.sh REQUESTS
set -eu
requests=$1
socket=./redis.sock

redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --daemonize no --logfile /dev/null &
tries=0
until redis-cli -s "$socket" ping >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 500 ]
	sleep 0.01
done
redis-benchmark -s "$socket" -q -P 16 -c 20 -r 100000 -d 100 -n "$requests" -t set,get,lpush,hset,zadd >/dev/null
redis-cli -s "$socket" shutdown nosave
wait
echo 'all requests served'
