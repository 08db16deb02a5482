-- Prints the draws of every sampler for 100 seeds, as Tests/golden-draws does in Swift.
local hp = require 'hypero'
local check = require 'check'
local ffi = require 'ffi'

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
      if number == 1 then
         -- The sampler without an experiment draws the same, except that it takes the logarithms of the bounds.
         local hs = hp.Sampler(seed)
         check.equal(hs:uniform(-1, 1), uniform, 'uniform')
         check.equal(hs:logUniform(math.log(1e-5), math.log(0.1)), log_uniform, 'logUniform')
         check.equal(hs:normal(600, 200), normal, 'normal')
         check.equal(hs:randint(1, 1000000), randint, 'randint')
         check.equal(hs:randint(-9007199254740991, 9007199254740991), wide, 'wide')
      end
   end
   -- Nothing is sent: the test gives the address of no server.
   conn:close(0)
end
