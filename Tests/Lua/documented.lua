-- Runs the examples of a Markdown file, whose name is the argument, one after the other in one process.
local check = require 'check'
local hypero = require 'hypero'

local connect = hypero.connect
function hypero.connect(options)
   -- The server listens on another port than 6379.
   if options then options.port, options.password = tonumber(os.getenv('TEST_PORT')), 'secret' end
   return connect(options)
end

local file = assert(io.open(arg[1]))
local text, count = file:read('*a'), 0
file:close()
for example in text:gmatch('```lua\n(.-)```') do
   count = count + 1
   assert(loadstring(example, ('=example %d of %s'):format(count, arg[1])))()
   check.equal(hex:hasEnded(), true, 'the experiment has ended')
   check.equal(conn:flush('sent', 60), true, 'the events are sent')
   check.equal(conn:counters().dropped_invalid, 0, 'the number of dropped events')
end
print(count)
