--- A search for good hyper-parameters: a number of trials that any number of processes share.
local library = require 'hypero.library'
local experiments = require 'hypero.experiment'
local value = require 'hypero.value'
local ffi = require 'ffi'

local C, check = library.C, library.check

local Search = {}
Search.__index = Search

local searches = {}

--- The seconds between two looks at Ctrl-C during a wait.
local PART = 0.1
local LEFT = 'the loop over the search was left'

local stopping_options = {epochs = 'whole', first = 'whole', factor = 'whole'}

--- Returns a rule by which a search stops bad trainings early.
--
-- kind: 'halving' or 'median'. options: the epochs of a whole training, or a table with `epochs`, `first` and `factor`.
function searches.stopping(kind, options)
   if type(options) == 'number' then options = {epochs = options} end
   if type(options) ~= 'table' then
      local forms = '%s takes the epochs of a whole training, such as %s(81), or a table of options, such as %s{epochs = 81}, not a %s'
      error(forms:format(kind, kind, kind, type(options)), 3)
   end
   library.options(options, stopping_options, kind, 4)
   if not options.epochs then error(kind .. ' needs epochs, those of a whole training', 3) end
   return {kind = kind, epochs = options.epochs, first = options.first, factor = options.factor}
end

local search_options = {
   trials = 'whole', seed = 'whole', name = 'text', sampler = 'string', stopping = 'table', attempts = 'whole', lease = 'number',
}

--- Returns the search of a battery.
function searches.new(battery, options)
   library.options(options, search_options, 'search', 4)
   local samplers = {tpe = C.HYPERO_TPE, random = C.HYPERO_RANDOM}
   local rules = {halving = C.HYPERO_HALVING, median = C.HYPERO_MEDIAN}
   local sampler, rule = samplers[options.sampler or 'tpe'], options.stopping
   if not options.trials then error('search needs trials, their number', 3) end
   if not sampler then error(("sampler must be 'tpe' or 'random', not %s"):format(tostring(options.sampler)), 3) end
   if rule and not rules[rule.kind] then error('stopping must be hypero.halving{...} or hypero.median{...}', 3) end
   local given, search = ffi.new('hypero_search_options'), ffi.new('hypero_search *[1]')
   C.hypero_search_options_init(given, ffi.sizeof(given))
   given.trials, given.sampler = options.trials, sampler
   if options.seed then given.seed = library.seed(options.seed, 'seed', 3) end
   if options.attempts then given.attempts = options.attempts end
   if options.lease then given.lease = options.lease end
   if rule then
      given.stopping, given.stopping_epochs = rules[rule.kind], rule.epochs
      given.stopping_first, given.stopping_factor = rule.first or 0, rule.factor or 0
   end
   -- Nothing is allocated from here to the call, so that the garbage collector does not run: a pointer of C keeps no text alive.
   given.name = options.name
   check(C.hypero_search_open(battery.handle, given, search), 3)
   local handle = ffi.gc(search[0], C.hypero_search_free)
   return setmetatable({handle = handle, id = ffi.string(C.hypero_search_id(handle)), battery = battery}, Search)
end

--- Waits for a trial, and returns its handle; nil if there is none.
local function wait(self, seconds, level)
   local experiment, remaining = ffi.new('hypero_experiment *[1]'), seconds
   -- In parts, between which Ctrl-C is an error of Lua. A wait is the time that it has asked for: Lua has no clock of the wall.
   repeat
      local part = math.min(remaining, PART)
      local status = C.hypero_search_next(self.handle, part, experiment)
      check(status, level + 1)
      remaining = remaining - part
   until status ~= C.HYPERO_TIMEOUT or remaining <= 0
   if experiment[0] ~= nil then return experiment[0] end
end

--- Waits for the next trial, starts it and returns it: end it by `finish()` and its kin. nil if there is none.
--
-- `timeout` is the longest wait in seconds, 0 to ask without waiting. Without it, the wait is that of `each`.
function Search:next(timeout)
   local seconds = timeout and library.number(timeout, 'timeout', 2) or math.huge
   if not (seconds >= 0) then error('timeout must be 0 or above, not ' .. tostring(timeout), 2) end
   local handle = wait(self, seconds, 2)
   return handle and experiments.new(handle, self.battery)
end

--- Frees the handle of a trial of a loop. A round that was left has not ended it.
local function leave(handle)
   if C.hypero_experiment_has_ended(handle) == 0 then C.hypero_experiment_stop(handle, LEFT) end
   C.hypero_experiment_free(handle)
end

--- Returns an iterator over the trials that this process gets: `for hex in search:each() do … end`.
--
-- Each round ends the trial of the round before: as `done`, or as `stopped` if the training has read that it should stop. The trial of
-- a round that `break`, `return` or an error leaves ends as `stopped`, with the next loop over the search or with the script. A script
-- that wants it to fail catches the error in the body: `local ok, reason = pcall(train, hex); if not ok then hex:fail(reason) end`.
function Search:each()
   local current
   return function()
      if self.current and not self.current:hasEnded() then
         if self.current == current then current:finish() else self.current:stop(LEFT) end
      end
      self.current, current = nil, nil
      local handle = wait(self, math.huge, 2)
      if not handle then return nil end
      current = experiments.new(handle, self.battery)
      ffi.gc(handle, leave)
      self.current = current
      return current
   end
end

--- Declares the search before its first trial, for example in a script that sets up what others run: queries show it from then on.
--
-- The first claim of a trial and the first point declare it too.
function Search:declare()
   local is_recorded = check(C.hypero_search_declare(self.handle), 2)
   return is_recorded
end

--- Adds hyper-parameters that one of the next trials gets, for example the defaults: `search:enqueue{lr = 0.003, depth = 2}`.
--
-- A repeat of an earlier point is dropped, so that every process may enqueue the same list. Hyper-parameters without a value are drawn.
function Search:enqueue(point)
   if type(point) ~= 'table' then error(('a point must be a table, not a %s'):format(type(point)), 2) end
   -- Each on its own, so that a message has the name of the value.
   for name, object in pairs(point) do
      local succeeded, text = pcall(value.json, object, tostring(name))
      if not succeeded then error(text, 2) end
   end
   local text = value.json(point, 'the point')
   local is_recorded = check(C.hypero_search_enqueue_json(self.handle, text), 2)
   return is_recorded
end

--- Returns true once all trials are given out and none can be given again.
function Search:isFinished()
   return C.hypero_search_is_finished(self.handle) == 1
end

return searches
