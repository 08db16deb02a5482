-- Prints the draws of every sampler for 100 seeds, as Tests/golden-draws does in Swift.
local hp = require 'hypero'
local check = require 'check'
local ffi = require 'ffi'

-- The sampler without an experiment draws one value after the other. Those of a seed do not change between versions.
local hs = hp.Sampler(7)
check.equal(hs:uniform(-1, 1) == -0.5933087452218615, true, 'uniform')
check.equal(math.abs(hs:logUniform(math.log(1e-5), math.log(0.1)) - 0.00034994853778257541) < 1e-14, true, 'logUniform')
check.equal(math.abs(hs:normal(600, 200) - 457.45206430247856) < 1e-9, true, 'normal')
check.equal(hs:randint(1, 1000000), 423003, 'randint')
check.equal(('%d'):format(hs:randint(-9007199254740991, 9007199254740991)), '7181881879310317', 'wide')
check.equal(hs:categorical({0.8, 0.2}, {'a', 'b'}), 'a', 'categorical')

local bits = ffi.new('union { double value; uint64_t bits; }')

local function hex(value)
   bits.value = value
   return ('%08x%08x'):format(tonumber(bits.bits / 2 ^ 32), tonumber(bits.bits % 2ULL ^ 32))
end

for seed = 0, 99 do
   local conn = hp.connect{seed = seed, journalLimit = 8 * 2 ^ 20}
   local bat = conn:battery('golden draws')
   for number = 1, 2 do
      local hex_experiment = bat:experiment()
      local function show(name, value) print(('%d %d %s %s'):format(seed, number, name, value)) end
      local uniform = hex_experiment:uniform('uniform', -1, 1)
      local log_uniform = hex_experiment:logUniform('logUniform', 1e-5, 0.1)
      local normal = hex_experiment:normal('normal', 600, 200)
      local randint = hex_experiment:randint('randint', 1, 1000000)
      local wide = hex_experiment:randint('wide', -9007199254740991, 9007199254740991)
      show('uniform', hex(uniform))
      show('logUniform', hex(log_uniform))
      show('normal', hex(normal))
      show('randint', ('%d'):format(randint))
      show('wide', ('%d'):format(wide))
      show('equal', hex_experiment:categorical('equal', {'linear', 'adaptive', 'none'}))
      show('weighted', hex_experiment:categorical('weighted', {[0.8] = 'linear', [0.2] = 'adaptive'}))
      check.equal(hex_experiment:uniform('uniform', -1, 1), uniform, 'the same name again')
   end
   -- Nothing is sent: the test gives the address of no server.
   conn:close(0)
end
