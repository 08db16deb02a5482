-- Wrong arguments are errors at the user's line, and what the contract refuses is counted.
local check = require 'check'
local hp = require 'hypero'

check.refused('redis://', hp.connect, 'nonsense')
check.refused('a table of options', hp.connect, 7)
check.refused('connect has no option host. The options are database,', hp.connect, {host = 'db'})
check.refused('namespace must be a text', hp.connect, {namespace = 7})
check.refused('port must be a whole number', hp.connect, {database = 'localhost', port = 0.5})
check.refused('partitions', hp.connect, {partitions = -1})
for _, seed in ipairs{-1, -2, -1LL} do
   check.refused('seed must be from 0 to 2^64 - 1', hp.connect, {seed = seed})
   check.refused('seed must be from 0 to 2^64 - 1', hp.Sampler, seed)
end
for _, seed in ipairs{'5', 1.5, 0 / 0, {}} do check.refused('seed must be', hp.Sampler, seed) end
check.equal(tostring(hp.connect{seed = 2 ^ 63 - 1024}:seed()), '9223372036854774784ULL', 'a large seed')
check.equal(tostring(hp.connect{seed = 0xFFFFFFFFFFFFFFFFULL}:seed()), '18446744073709551615ULL', 'the largest seed')
local conn = hp.connect{namespace = 'hypero', seed = 7}
check.equal(tostring(conn:seed()), '7ULL', 'the seed')
check.refused('name must be a text', conn.battery, conn, nil)
check.refused('version must be a whole number', conn.battery, conn, 'b', 1.5)
check.refused("direction must be 'max' or 'min'", conn.battery, conn, 'b', 1, '', {direction = 'down'})
check.refused('directions must be a table', conn.battery, conn, 'b', 1, '', {directions = 'min'})
check.refused("'sent' or 'applied'", conn.flush, conn, 'done')
check.refused('seconds', conn.flush, conn, 'sent', 0 / 0)
local bat = conn:battery('mistakes', 1, 'none')
check.refused('seconds must be a number, not a string', conn.close, conn, 'soon')
check.refused('not resumed', bat.resume, bat, 'No Id')
check.refused('attempt must be a number', bat.resume, bat, 'other-1', 3, 'second')
check.refused('search takes a table of options, not a number', bat.search, bat, 200)
check.refused('search needs trials', bat.search, bat, {})
check.refused('search has no option epochs. The options are attempts,', bat.search, bat, {trials = 1, epochs = 3})
check.refused('trials must be a whole number', bat.search, bat, {trials = 1.5})
check.refused('trials must be between 1 and 1000000', bat.search, bat, {trials = 0})
check.refused('seed must be from 0 to 2^64 - 1', bat.search, bat, {trials = 1, seed = -1})
check.refused("sampler must be 'tpe' or 'random', not grid", bat.search, bat, {trials = 1, sampler = 'grid'})
check.refused('stopping must be hypero.halving', bat.search, bat, {trials = 1, stopping = {}})
check.refused('the lease must be between 1 and', bat.search, bat, {trials = 1, lease = 0.5})
check.refused('attempts must be between 1 and 100', bat.search, bat, {trials = 1, attempts = 101})
check.refused('the first rung', bat.search, bat, {trials = 1, stopping = hp.median{epochs = 9, first = 9}})
check.refused('halving needs epochs', hp.halving, {})
check.refused('takes the epochs of a whole training, such as halving(81), or a table of options', hp.halving)
check.refused('such as median{epochs = 81}, not a string', hp.median, '81')
check.refused('median has no option last', hp.median, {last = 3})
local search = bat:search{trials = 1}
check.refused('timeout must be a number', search.next, search, 'soon')
check.refused('timeout must be 0 or above', search.next, search, -1)
check.refused('a point must be a table', search.enqueue, search, 7)
check.refused('at least one value', search.enqueue, search, {})
check.refused('f: a function is not a value', search.enqueue, search, {f = print})
local hex = bat:experiment()
check.refused('uniform needs', hex.uniform, hex, 'u', 2, 1)
check.refused('high must be a number, not a nil', hex.uniform, hex, 'u', 2)
check.refused('0 < low', hex.logUniform, hex, 'u', 0, 1)
check.refused('normal needs', hex.normal, hex, 'n', 0, -1)
check.refused('low must be a whole number', hex.randint, hex, 'r', 0.5, 1)
check.refused('name must be a text', hex.normal, hex, 7, 0, 1)
check.refused('zero byte', hex.normal, hex, 'a\0b', 0, 1)
check.refused('categories must be a table', hex.categorical, hex, 'c', 'linear')
check.refused('at least one', hex.categorical, hex, 'c', {})
check.refused('a weight must be a number', hex.categorical, hex, 'c', {a = 0.5})
check.refused('a number per value', hex.categorical, hex, 'c', {'a', 'b'}, {1})
check.refused('categorical needs', hex.categorical, hex, 'c', {{'a', 0}, {'b', 0}})
check.refused('c: a function is not a value', hex.categorical, hex, 'c', {print, 1})
check.refused('f: a function is not a value', hex.insertHP, hex, 'f', print)
local circle = {}
circle[1] = circle
check.refused('nested too deeply, or in itself', hex.insertHP, hex, 'circle', circle)
check.refused('a row must be a table', hex.log, hex, 1, 0.5)
check.refused('train must be a number', hex.log, hex, 1, {train = '0.5'})
check.refused('a channel must be a text', hex.log, hex, 1, {0.5})
check.refused('epoch must be a whole number', hex.log, hex, 1.5, {train = 1})
check.refused('epoch must be a whole number', hex.log, hex, 0 / 0, {train = 1})
check.refused('a learning curve must be a list of numbers', hex.updateLearningCurve, hex, 'curve')
check.refused('valid: the value of epoch 2 must be a number, not a string', hex.updateLearningCurve, hex, {1, 2}, {1, 'x'})
check.refused('needs a curve', hex.updateLearningCurve, hex)
check.refused('not UTF-8', hex.insertHP, hex, 'a\255', 1)
local hs = hp.Sampler(1)
check.refused('uniform needs', hs.uniform, hs, 2, 1)
check.refused('finite', hs.normal, hs, 0, 1 / 0)
check.refused('randint needs', hs.randint, hs, 2, 1)
check.refused('a list of weights', hs.categorical, hs, {})

-- Equal weights: as keys, one value is lost by Lua, and as pairs both are drawn.
local drawn = {}
for i = 1, 64 do
   drawn[hex:categorical('pairs' .. i, {{'a', 0.5}, {'b', 0.5}})] = true
   drawn[hex:categorical('weights' .. i, {'c', 'd'}, {1, 1})] = true
   drawn[hex:categorical('key' .. i, {[0.5] = 'e'})] = true
   drawn[hex:categorical('list' .. i, {16, true})] = true
end
check.equal(drawn, {a = true, b = true, c = true, d = true, e = true, [16] = true, [true] = true}, 'the values that were drawn')

check.equal({hex:log(-1, {train = 1}), hex:log(1, {epoch = 1}), hex:log(1, {})}, {false, false, false}, 'rows outside the limits')
check.equal(hex:log(1, {valid = 0.5}), true, 'a row')
-- A resumption withdraws the rows from its epoch on.
local resumed = bat:resume('other-1', 2)
for epoch = 1, 3 do resumed:log(epoch, {valid = epoch}) end
resumed:finish()
-- Each connection has a sender of its own. The third attempt is the later one only if the second one has arrived.
check.equal(conn:flush('sent', 60), true, 'the events of the second attempt are sent')
local later = hp.connect():battery('mistakes', 1, 'none'):resume('other-1', 2, 3)
later:log(2, {valid = 0.25})
later:finish()
hex:fail{}
check.equal(conn:flush('applied', 60), true, 'the events are applied')
local counters = conn:counters()
check.equal({counters.dropped_invalid, counters.dead, counters.dropped_ended}, {3, 0, 0}, 'the counters')
print(hex.id)
