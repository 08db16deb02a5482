--- One training with one set of hyper-parameters.
local library = require 'hypero.library'
local categories = require 'hypero.categories'
local value = require 'hypero.value'
local ffi = require 'ffi'

local C, check = library.C, library.check

local Experiment = {}
Experiment.__index = Experiment

local experiments = {}

--- Returns the experiment of a handle. The garbage collector frees the handle, and does not end the experiment.
function experiments.new(handle, battery)
   ffi.gc(handle, C.hypero_experiment_free)
   local trial = tonumber(C.hypero_experiment_trial(handle))
   return setmetatable({
      handle = handle, id = ffi.string(C.hypero_experiment_id(handle)), battery = battery,
      -- Of a search: the number of the trial, nil outside a search; that of this process among those that got it; the last epoch that
      -- the processes before have logged, 0 for none.
      trial = trial > 0 and trial or nil, attempt = tonumber(C.hypero_experiment_attempt(handle)),
      lastEpoch = tonumber(C.hypero_experiment_last_epoch(handle)),
   }, Experiment)
end

-- Draws. Each draws a hyper-parameter, records it with its distribution, and returns it.

local number, integer, index = ffi.new('double[1]'), ffi.new('int64_t[1]'), ffi.new('size_t[1]')

--- Draws from the uniform distribution over low...high.
function Experiment:uniform(name, low, high)
   low, high = library.number(low, 'low', 2), library.number(high, 'high', 2)
   check(C.hypero_experiment_uniform(self.handle, library.text(name, 'name', 2), low, high, number), 2)
   return number[0]
end

--- Draws from low...high, uniformly in the logarithm: each order of magnitude is equally likely.
function Experiment:logUniform(name, low, high)
   low, high = library.number(low, 'low', 2), library.number(high, 'high', 2)
   check(C.hypero_experiment_log_uniform(self.handle, library.text(name, 'name', 2), low, high, number), 2)
   return number[0]
end

--- Draws from the normal distribution.
function Experiment:normal(name, mean, deviation)
   mean, deviation = library.number(mean, 'mean', 2), library.number(deviation, 'deviation', 2)
   check(C.hypero_experiment_normal(self.handle, library.text(name, 'name', 2), mean, deviation, number), 2)
   return number[0]
end

--- Draws an integer from low...high, all equally likely. It is a number, exact up to 2^53.
function Experiment:randint(name, low, high)
   low, high = library.whole(low, 'low', 2), library.whole(high, 'high', 2)
   check(C.hypero_experiment_randint(self.handle, library.text(name, 'name', 2), low, high, integer), 2)
   return tonumber(integer[0])
end

--- Returns a value as JSON, or raises an error at a level of the stack.
local function json(object, name, level)
   local succeeded, text = pcall(value.json, object, name)
   if not succeeded then error(text, level + 1) end
   return text
end

--- Draws one of several values. See hypero/categories.lua for the forms of the table.
function Experiment:categorical(name, given, weights)
   library.text(name, 'name', 2)
   local values
   values, weights = categories.of(given, weights, 2)
   local count, texts = #values, {}
   local names, numbers = ffi.new('const char *[?]', count), weights and ffi.new('double[?]', count)
   for i = 1, count do
      texts[i] = json(values[i], name, 2)
      names[i - 1] = texts[i]
      if weights then numbers[i - 1] = library.number(weights[i], 'a weight', 2) end
   end
   check(C.hypero_experiment_categorical(self.handle, name, names, numbers or nil, count, index), 2)
   return values[tonumber(index[0]) + 1]
end

-- Values that the program has chosen.

--- Records a value as a hyper-parameter or as metadata.
local function record(self, kind, name, object)
   library.text(name, 'name', 3)
   if type(object) == 'number' and value.is_special(object) then
      check(C['hypero_experiment_' .. kind .. '_double'](self.handle, name, object), 3)
   else
      check(C['hypero_experiment_' .. kind .. '_json'](self.handle, name, json(object, name, 3)), 3)
   end
end

--- Records a hyper-parameter: a number, a text, a boolean or a table of these.
function Experiment:insertHP(name, object) record(self, 'param', name, object) end

--- Records a hyper-parameter with several values, for example the number of channels of each layer.
function Experiment:insertVarHP(name, ...) record(self, 'param', name, {...}) end

--- Records metadata.
function Experiment:updateMeta(name, object) record(self, 'meta', name, object) end

-- The metadata of 2015: one function each.
for method, name in pairs{Name = 'name', Hostname = 'hostname', Dataset = 'dataset', Preprocess = 'preprocess',
      Savepath = 'savepath'} do
   Experiment['update' .. method] = function(self, object) record(self, 'meta', name, object) end
end

--- Records the hyper-parameters of a table, by name.
function Experiment:setParam(params)
   for name, object in pairs(params) do record(self, 'param', name, object) end
end

--- Records the metadata of a table, by name.
function Experiment:setMeta(metadata)
   for name, object in pairs(metadata) do record(self, 'meta', name, object) end
end

-- Rows, learning curves and maxima.

--- Calls a function of rows with the channels and numbers of a table.
local function call_with_row(call, handle, epoch, row)
   local count = 0
   for _ in pairs(row) do count = count + 1 end
   local channels, numbers = ffi.new('const char *[?]', count), ffi.new('double[?]', count)
   local i = 0
   for channel, object in pairs(row) do
      -- The table of the row keeps the text alive.
      channels[i], numbers[i] = library.text(channel, 'a channel', 3), library.number(object, channel, 3)
      i = i + 1
   end
   return check(call(handle, epoch, channels, numbers, count), 3)
end

--- Records the values of one epoch, from 0: `hex:log(17, {train = 0.91, valid = 0.8})`. Returns false if the row is dropped.
--
-- Epochs may arrive in any order. A later value of a channel replaces the earlier one.
function Experiment:log(epoch, row)
   if type(row) ~= 'table' then error(('a row must be a table, not a %s'):format(type(row)), 2) end
   local is_recorded = call_with_row(C.hypero_experiment_log, self.handle, library.whole(epoch, 'epoch', 2), row)
   return is_recorded
end

--- Records the maxima, the values at the best epoch: `(train, valid, test)`, or a table by channel, and an optional epoch.
function Experiment:updateMaxima(train, valid, test)
   local row, epoch = {train = train, valid = valid, test = test}, -1
   if type(train) == 'table' then
      row = train
      if valid ~= nil then epoch = library.whole(valid, 'epoch', 2) end
   end
   if next(row) ~= nil then call_with_row(C.hypero_experiment_maxima, self.handle, epoch, row) end
end

--- Records whole learning curves of the epochs 1, 2, …: `(train, valid, test)`, or a table by channel.
--
-- A curve is a list of numbers or a tensor: see `numbers` in hypero/value.lua.
function Experiment:updateLearningCurve(train, valid, test)
   local curves = {train = train, valid = valid, test = test}
   -- A table with a channel instead of numbers.
   if valid == nil and test == nil and type(train) == 'table' and type(next(train)) == 'string'
      and not value.is_list(train) then curves = train end
   local count = 0
   for _ in pairs(curves) do count = count + 1 end
   if count == 0 then error('updateLearningCurve needs a curve', 2) end
   local channels, pointers = ffi.new('const char *[?]', count), ffi.new('const double *[?]', count)
   local lengths, anchors, i = ffi.new('size_t[?]', count), {}, 0
   for channel, curve in pairs(curves) do
      local succeeded, numbers, length = pcall(value.numbers, curve, library.text(channel, 'a channel', 2))
      if not succeeded then error(numbers, 2) end
      anchors[i + 1] = numbers
      channels[i], pointers[i], lengths[i] = channel, numbers, length
      i = i + 1
   end
   check(C.hypero_experiment_curves(self.handle, 1, channels, pointers, lengths, count), 2)
end

--- Records the results of a table, by name: numbers as maxima, lists named `…Curve` as learning curves, the rest as metadata.
--
-- `trainCurve` is the curve of the channel `train`.
function Experiment:setResult(results)
   local maxima, curves = {}, {}
   for name, object in pairs(results) do
      local channel = type(name) == 'string' and name:match('^(.+)Curve$')
      if type(object) == 'number' then
         maxima[name] = object
      elseif channel and value.is_list(object) then
         curves[channel] = object
      else
         record(self, 'meta', name, object)
      end
   end
   if next(curves) ~= nil then self:updateLearningCurve(curves) end
   if next(maxima) ~= nil then self:updateMaxima(maxima) end
end

-- The end. Without one, the experiment is shown as lost three minutes after its process has ended.

--- Ends the experiment with the status `done`. Returns false if it has ended before.
function Experiment:finish()
   local is_recorded = check(C.hypero_experiment_finish(self.handle), 2)
   return is_recorded
end

--- Ends the experiment with the status `failed`, and a reason for people to read.
function Experiment:fail(reason)
   local is_recorded = check(C.hypero_experiment_fail(self.handle, reason and tostring(reason)), 2)
   return is_recorded
end

--- Ends the experiment with the status `stopped`, for a run that a person or an early-stopping rule ended.
function Experiment:stop(reason)
   local is_recorded = check(C.hypero_experiment_stop(self.handle, reason and tostring(reason)), 2)
   return is_recorded
end

--- Gives the trial of a search back: another process gets it again with the next attempt, at once. For a process that must end.
function Experiment:giveBack(reason)
   local is_recorded = check(C.hypero_experiment_give_back(self.handle, reason and tostring(reason)), 2)
   return is_recorded
end

--- Returns true if the training must stop: others are better, or another process has the trial. Always false outside a search.
--
-- Reads one atomic number. A training that has read true ends as `stopped`, when `finish` or the loop over the search ends it.
function Experiment:shouldStop()
   return C.hypero_experiment_should_stop(self.handle) == 1
end

--- Returns the reason for which the training must stop, for example `rung 9: 14th of 31, halving keeps 10`; nil while it may go on.
function Experiment:stopReason()
   local reason = ffi.string(C.hypero_experiment_stop_reason(self.handle))
   return reason ~= '' and reason or nil
end

--- Returns true if this process has ended the experiment.
function Experiment:hasEnded()
   return C.hypero_experiment_has_ended(self.handle) == 1
end

return experiments
