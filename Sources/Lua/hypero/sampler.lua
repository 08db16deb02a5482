--- A sampler of hyper-parameters that are recorded later, by `setParam`.
--
-- The C library draws for an experiment only, by the name of the hyper-parameter, and records each draw. This sampler has the same
-- distributions, and draws without names: the values depend on the seed and on the number of earlier draws. Its argument lists are
-- those of the torch library: `categorical` has the weights first, and `logUniform` takes the **logarithms** of the bounds.
local library = require 'hypero.library'
local bit = require 'bit'
local ffi = require 'ffi'

local Sampler = {}
Sampler.__index = Sampler

local function rotated(word, count) return bit.bor(bit.lshift(word, count), bit.rshift(word, 64 - count)) end

--- Returns a function that returns the words of SplitMix64, which seeds the generator.
local function split_mix(state)
   return function()
      state = state + 0x9E3779B97F4A7C15ULL
      local word = bit.bxor(state, bit.rshift(state, 30)) * 0xBF58476D1CE4E5B9ULL
      word = bit.bxor(word, bit.rshift(word, 27)) * 0x94D049BB133111EBULL
      return bit.bxor(word, bit.rshift(word, 31))
   end
end

--- Returns a seed that no other process has.
local function random_seed()
   local file = assert(io.open('/dev/urandom', 'rb'))
   local seed = ffi.new('uint64_t[1]')
   ffi.copy(seed, file:read(8), 8)
   file:close()
   return seed[0]
end

--- Draws the next 64 bits: xoshiro256** 1.0 of Blackman and Vigna, https://prng.di.unimi.it.
local function next_word(state)
   local result = rotated(state[1] * 5, 7) * 9
   local shifted = bit.lshift(state[1], 17)
   state[2] = bit.bxor(state[2], state[0])
   state[3] = bit.bxor(state[3], state[1])
   state[1] = bit.bxor(state[1], state[2])
   state[0] = bit.bxor(state[0], state[3])
   state[2] = bit.bxor(state[2], shifted)
   state[3] = rotated(state[3], 45)
   return result
end

--- Draws from 0..<1 in steps of 2^-53.
local function unit(self) return tonumber(bit.rshift(next_word(self.state), 11)) * 2 ^ -53 end

--- Returns finite numbers, or raises an error at the user.
local function finite(...)
   for i = 1, select('#', ...) do
      local number = library.number((select(i, ...)), 'a bound', 3)
      if number ~= number or math.abs(number) == math.huge then error('the bounds must be finite numbers', 3) end
   end
   return ...
end

--- Draws from the uniform distribution over low...high.
function Sampler:uniform(low, high)
   low, high = finite(low, high)
   if low > high then error(('uniform needs low <= high, not %s and %s'):format(low, high), 2) end
   return math.min(math.max(2 * (low / 2 + (high / 2 - low / 2) * unit(self)), low), high)
end

--- Draws from exp(low)...exp(high), uniformly in the logarithm: `logUniform(math.log(1e-5), math.log(0.1))`.
--
-- Bounds in either order, because scripts of the torch library have both.
function Sampler:logUniform(low, high)
   low, high = finite(low, high)
   if low > high then low, high = high, low end
   return math.min(math.max(math.exp(low + (high - low) * unit(self)), math.exp(low)), math.exp(high))
end

--- Draws from the normal distribution.
function Sampler:normal(mean, deviation)
   mean, deviation = finite(mean, deviation)
   if deviation < 0 then error(('normal needs a deviation >= 0, not %s'):format(deviation), 2) end
   local radius = math.sqrt(-2 * math.log(1 - unit(self)))
   return mean + deviation * radius * math.cos(2 * math.pi * unit(self))
end

--- Draws an integer from low...high, all equally likely.
function Sampler:randint(low, high)
   low, high = library.whole(low, 'low', 2), library.whole(high, 'high', 2)
   if low > high then error(('randint needs low <= high, not %s and %s'):format(low, high), 2) end
   local first = ffi.cast('uint64_t', ffi.cast('int64_t', low))
   local width = ffi.cast('uint64_t', ffi.cast('int64_t', high)) - first + 1
   -- Draws below 2^64 modulo the width would favour some integers.
   local biased, word = width > 0 and (0 - width) % width or 0, next_word(self.state)
   while word < biased do word = next_word(self.state) end
   return tonumber(ffi.cast('int64_t', width > 0 and first + word % width or word))
end

--- Draws one of the values, or an index without values. The probability of each is its weight divided by the sum of the weights.
function Sampler:categorical(weights, values)
   if type(weights) ~= 'table' or #weights == 0 then error('categorical needs a list of weights', 2) end
   local sum = 0
   for _, weight in ipairs(weights) do
      finite(weight)
      if weight < 0 then error(('a weight must not be below 0, as %s is'):format(weight), 2) end
      sum = sum + weight
   end
   if sum == 0 then error('categorical needs a weight above 0', 2) end
   local remaining, chosen = unit(self) * sum, 1
   for i, weight in ipairs(weights) do
      if weight > 0 then
         chosen, remaining = i, remaining - weight
         if remaining < 0 then break end
      end
   end
   if values == nil then return chosen end
   return values[chosen]
end

--- Returns a sampler: `hs = hp.Sampler()`. seed: a number or a `ULL`; nil for a random one.
return function(seed)
   local first = split_mix(seed == nil and random_seed() or library.seed(seed, 'seed', 2))()
   local word = split_mix(bit.bxor(first, 0xD1290D3B3A0B5E4DULL))
   return setmetatable({state = {[0] = word(), word(), word(), word()}}, Sampler)
end
