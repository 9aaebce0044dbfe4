-- SPDX-License-Identifier: MIT
--
-- objects.lua - queues of small tables and strings that come and go, under the collector.

local Queue = {}
Queue.__index = Queue

function Queue.new(name)
	return setmetatable({name = name, first = 1, last = 0, items = {}}, Queue)
end

function Queue:push(item)
	self.last = self.last + 1
	self.items[self.last] = item
end

function Queue:pop()
	local item = self.items[self.first]
	self.items[self.first] = nil
	self.first = self.first + 1
	return item
end

local state = 1
local function random(limit)
	state = state * 16807 % 2147483647
	return state % limit
end

local queues = {}
for i = 1, 50 do
	queues[i] = Queue.new("queue " .. i)
end
local sum, seen = 0, {}
for step = 1, tonumber(arg[1]) do
	local queue = queues[1 + random(#queues)]
	queue:push({id = step, label = queue.name .. "/" .. random(100000), at = {x = step, y = random(100)}})
	if queue.last - queue.first > 300 + random(300) then
		for _ = 1, random(300) do
			local item = queue:pop()
			sum = (sum + item.id * item.at.y + #item.label) % 1000000007
			seen[item.label] = (seen[item.label] or 0) + 1
		end
	end
end
local labels = {}
for label, times in pairs(seen) do
	labels[#labels + 1] = string.format("%s=%d", label, times)
end
table.sort(labels)
print(sum, #labels, table.concat(labels, " ", 1, math.min(20, #labels)))
