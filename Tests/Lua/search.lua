-- The trials of searches, and their ends. Prints the id of each trial with the status and the reason that it must have.
local check = require 'check'
local hp = require 'hypero'

local socket = os.getenv('HYPERO_REDIS'):match('^unix://(.*)$')

local function cli(...)
   local output = assert(io.popen(("redis-cli -s '%s' %s"):format(socket, table.concat({...}, ' '))))
   local text = output:read('*a')
   output:close()
   return text
end

local conn = hp.connect{seed = 7}
local bat = conn:battery('lua search', 1, '', {objective = 'loss'})
local expected = {}
local function expect(id, ...) expected[#expected + 1] = table.concat({id, ...}, ' ') end

-- Each trial once, with the enqueued point first.
local search = bat:search{trials = 3, seed = 2, sampler = 'random'}
check.equal(search:enqueue{lr = 0.003, depth = 2}, true, 'a point')
search:enqueue{depth = 2, lr = 0.003}
local found, rates = {}, {}
for hex in search:each() do
   found[#found + 1] = {hex.trial, hex.attempt, hex.lastEpoch, hex.id, hex:shouldStop(), hex:stopReason() == nil}
   rates[#rates + 1] = hex:logUniform('lr', 1e-5, 0.1)
   hex:log(1, {loss = rates[#rates]})
   expect(hex.id, 'done')
end
for trial = 1, 3 do check.equal(found[trial], {trial, 1, 0, search.id .. '-' .. trial, false, true}, 'trial ' .. trial) end
check.equal(#found, 3, 'the number of trials')
check.equal(rates[1], 0.003, 'the enqueued rate')
check.equal(search:isFinished(), true, 'the end of the search')
check.equal(search:next(), nil, 'a trial after the last one')

-- The training that has read that it must stop is stopped.
search = bat:search{trials = 1, seed = 3, sampler = 'random', stopping = hp.halving{epochs = 81, factor = 4}}
for hex in search:each() do
   hex:log(1, {loss = 1})
   assert(conn:flush('applied', 60))
   for key in cli("KEYS '{hypero}:producer:*'"):gmatch('[^\n]+') do cli(('HSET "%s" stop.%s "rung 3: 2nd of 2"'):format(key, hex.id)) end
   local epoch, deadline = 1, os.time() + 60
   repeat
      epoch = epoch + 1
      hex:log(epoch, {loss = 1})
      conn:flush('applied', 60)
   until hex:shouldStop() or os.time() > deadline
   check.equal(hex:stopReason(), 'rung 3: 2nd of 2', 'the reason to stop')
   expect(hex.id, 'stopped', 'rung 3: 2nd of 2')
end

-- A round that is left, by break and by an error, stops its trial.
search = bat:search{trials = 5, seed = 4, sampler = 'random', attempts = 5, lease = 60}
local left = {'stopped', 'the loop over the search was left'}
for hex in search:each() do
   expect(hex.id, unpack(left))
   break
end
pcall(function()
   for hex in search:each() do
      check.equal(hex.trial, 2, 'the trial after a break')
      expect(hex.id, unpack(left))
      error('a mistake')
   end
end)
for hex in search:each() do
   hex:fail('caught')
   expect(hex.id, 'failed', 'caught')
   break
end

-- A trial that is given back is given again, with its hyper-parameters.
local hex = search:next(60)
local width = hex:randint('width', 1, 1000000)
hex:log(4, {loss = 1})
check.equal(hex:giveBack('must go'), true, 'the return of a trial')
local again = search:next(60)
check.equal({again.id, again.attempt, again.lastEpoch, again:randint('width', 1, 1000000)}, {hex.id, 2, 4, width}, 'attempt 2')
again:finish()
expect(again.id, 'done')
local plain = bat:experiment()
check.equal({plain.attempt, plain.lastEpoch, plain:shouldStop()}, {1, 0, false}, 'an experiment outside a search')
check.equal(plain.trial, nil, 'the trial of an experiment outside a search')
check.refused('is no trial of a search', plain.giveBack, plain, 'x')
plain:finish()

-- The trial that the end of the script leaves.
for last in search:each() do
   expect(last.id, unpack(left))
   print(table.concat(expected, '\n'))
   break
end
