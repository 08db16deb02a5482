--- The experiment log and leaderboard for hyper-parameter search, for LuaJIT.
--
--     hp = require 'hypero'
--     conn = hp.connect{database = 'localhost', username = 'nicholas'}
--     bat = conn:battery('RNN Visual Attention', 3, 'fixed bug in Sequencer')
--     hex = bat:experiment()
--     lr = hex:logUniform('lr', 0.00001, 0.1)
--     for epoch = 1, 30 do hex:log(epoch, {train = 0.91, valid = 0.8, test = 0.79}) end
--     hex:finish()
--
-- Calls the C library: see hypero/library.lua for the places where it is searched. A wrong argument is an error of Lua. What
-- the client cannot record, for example a row after the end, is dropped, counted and reported on standard error: it never ends
-- a training. The module is also the global variable `hypero`, as in scripts that write `require 'hypero'` alone.
local library = require 'hypero.library'
local experiments = require 'hypero.experiment'
local searches = require 'hypero.search'
local export = require 'hypero.export'
local ffi = require 'ffi'

local C, check = library.C, library.check

local hypero = {Sampler = require 'hypero.sampler'}

local Connection, Battery = {}, {}
Connection.__index, Battery.__index = Connection, Battery

--- Encodes a part of a URL.
local function encoded(text)
   return (text:gsub('[^%w._~-]', function(character) return ('%%%02X'):format(character:byte()) end))
end

--- Returns the URL of options; nil if the environment decides.
local function url_of(options)
   local host = options.database
   if options.url or not host or host:find('://', 1, true) then return options.url or host end
   local is_own_host = host == 'localhost' and not options.port
   if options.port then host = ('%s:%d'):format(host, options.port) end
   local password = options.password or os.getenv('HYPERO_REDIS_PASSWORD') or os.getenv('REDISCLI_AUTH')
   -- A user without a password cannot be authenticated: the server's default user logs.
   if not password or password == '' then
      -- In 2015 the server of this host, which now may be that of `hypero up`.
      return not is_own_host and 'redis://' .. host or nil
   end
   return ('redis://%s:%s@%s'):format(encoded(options.username or ''), encoded(password), host)
end

local connect_options = {
   url = 'text', database = 'text', port = 'whole', username = 'text', password = 'text', namespace = 'text',
   partitions = 'whole', seed = 'whole', resuming = 'text', journalLimit = 'whole',
}

--- Connects to a Redis server, without waiting for it.
--
-- With a text, the URL: `redis://[user[:password]@]host[:port][/db]` or `unix:///path`. Without an argument, `HYPERO_REDIS`,
-- else the server of `hypero up` if it runs, else `redis://127.0.0.1:6379`. Options in a table:
--
-- - `url`: the same URL.
-- - `database`: the host of Redis, with an optional `:port`, or a URL. `username`, `password`: its account. Without a
--   password, that of `HYPERO_REDIS_PASSWORD` or `REDISCLI_AUTH` counts, and without any the user is not used. `localhost` alone,
--   without a port and a password, is the server that `connect` finds without an argument.
-- - `namespace`: the prefix of all keys. `partitions`: their number. Default: `HYPERO_NAMESPACE`, `HYPERO_PARTITIONS`.
-- - `seed`: the seed of all draws, a number or a `ULL`. Default: a random one.
-- - `resuming`: the id of an experiment that this process resumes, if there are several partitions.
-- - `journalLimit`: the maximum size of the journal in bytes.
function hypero.connect(options)
   if type(options) == 'string' then options = {url = options} end
   options = options or {}
   library.options(options, connect_options, 'connect', 3)
   local given, client = ffi.new('hypero_options'), ffi.new('hypero_client *[1]')
   local seed = options.seed and ffi.new('uint64_t[1]', library.seed(options.seed, 'seed', 2))
   local url = url_of(options)
   C.hypero_options_init(given, ffi.sizeof(given))
   -- Nothing is allocated from here to the call, so that the garbage collector does not run: a pointer of C keeps no text alive.
   given.url, given.key_prefix, given.resumed = url, options.namespace, options.resuming
   given.partitions, given.journal_limit, given.seed = options.partitions or 0, options.journalLimit or 0, seed
   check(C.hypero_connect(given, client), 2)
   local handle = ffi.gc(client[0], C.hypero_client_free)
   return setmetatable({handle = handle, url = url, namespace = options.namespace}, Connection)
end

--- Returns a battery, a group of experiments that are ranked together.
--
-- The name, the version and the description are the identity of a battery. A text in the place of the version is the
-- description of version 1. Options in a table: `objective`, the channel that decides the best epoch (default `valid`),
-- `direction`, `max` or `min` (by default that of its name: `min` for losses, errors, costs and durations, else `max`), and
-- `directions`, those of other channels: `{loss = 'min'}`.
function Connection:battery(name, version, description, options)
   if type(version) == 'string' then version, description, options = 1, version, description or options end
   options = options or {}
   library.options(options, {objective = 'text', direction = 'string', directions = 'table'}, 'battery', 3)
   local function direction(text, default)
      if text == 'min' then return C.HYPERO_MIN end
      if text == 'max' then return C.HYPERO_MAX end
      if text == nil and default then return default end
      error(("direction must be 'max' or 'min', not %s"):format(tostring(text)), 3)
   end
   local others, count = options.directions or {}, 0
   for _ in pairs(others) do count = count + 1 end
   local given, battery = ffi.new('hypero_objective'), ffi.new('hypero_battery *[1]')
   local channels, directions = ffi.new('const char *[?]', count), ffi.new('hypero_direction[?]', count)
   C.hypero_objective_init(given, ffi.sizeof(given))
   local i = 0
   -- Nothing is allocated from here to the call, as in connect.
   for channel, text in pairs(others) do
      channels[i], directions[i] = library.text(channel, 'a channel', 2), direction(text)
      i = i + 1
   end
   given.channel, given.direction = options.objective, direction(options.direction, C.HYPERO_BY_NAME)
   given.channels, given.directions, given.count = channels, directions, count
   check(C.hypero_battery_open(
      self.handle, library.text(name, 'name', 2), library.whole(version or 1, 'version', 2),
      description and library.text(description, 'description', 2), given, battery), 2)
   local handle = ffi.gc(battery[0], C.hypero_battery_free)
   return setmetatable(
      {handle = handle, name = name, id = ffi.string(C.hypero_battery_id(handle)), connection = self}, Battery)
end

--- Starts an experiment of the battery with this name, version and description. The arguments are those of `battery`.
function Connection:experiment(...)
   return self:battery(...):experiment()
end

--- Waits until all events logged before are confirmed: `sent`, acknowledged by Redis, or `applied` (default), in the rankings.
--
-- Returns true, or false and the reason: the seconds (default 10) have passed, or the events will never be confirmed.
function Connection:flush(confirmation, seconds)
   if confirmation ~= nil and confirmation ~= 'sent' and confirmation ~= 'applied' then
      error(("flush takes 'sent' or 'applied', not %s"):format(tostring(confirmation)), 2)
   end
   local value = confirmation == 'sent' and C.HYPERO_SENT or C.HYPERO_APPLIED
   local wait = library.number(seconds or 10, 'seconds', 2)
   -- Not a tail call, which would hide this function from the position of an error.
   local is_confirmed, reason = library.succeeded(C.hypero_client_flush(self.handle, value, wait), 2)
   return is_confirmed, reason
end

--- Closes the connection: waits until all events are sent, at most `seconds` (default 5). Returns true, or false and the reason.
function Connection:close(seconds)
   local wait = library.number(seconds or 5, 'seconds', 2)
   local is_sent, reason = library.succeeded(C.hypero_client_close(self.handle, wait), 2)
   return is_sent, reason
end

--- Returns the numbers of events so far, by name: `accepted`, `sent`, `applied`, `dead`, `dropped_invalid`, ….
function Connection:counters()
   local counters, result = ffi.new('hypero_counters'), {}
   check(C.hypero_client_counters(self.handle, counters, ffi.sizeof(counters)), 2)
   for _, name in ipairs{'accepted', 'sent', 'applied', 'dead', 'released', 'adopted', 'damaged', 'dropped_journal_full',
         'dropped_closed', 'dropped_ended', 'dropped_invalid', 'deleted'} do
      result[name] = tonumber(counters[name])
   end
   return result
end

--- Returns the seed of the draws, a `uint64_t`.
function Connection:seed()
   return C.hypero_client_seed(self.handle)
end

--- Starts an experiment.
function Battery:experiment()
   local experiment = ffi.new('hypero_experiment *[1]')
   check(C.hypero_experiment_start(self.handle, experiment), 2)
   return experiments.new(experiment[0], self)
end

--- Resumes an experiment that this or another process has started.
--
-- `from` is the first epoch that this process logs: the rows of it and later ones are withdrawn. nil withdraws none.
-- `attempt` is the number of this process among those that ran the experiment, from 1 (default: the next one), for hosts whose clocks
-- differ.
function Battery:resume(id, from, attempt)
   local experiment = ffi.new('hypero_experiment *[1]')
   local first, number = from and library.whole(from, 'from', 2) or -1, library.whole(attempt or 0, 'attempt', 2)
   check(C.hypero_experiment_resume(self.handle, library.text(id, 'id', 2), first, number, experiment), 2)
   return experiments.new(experiment[0], self)
end

--- Returns a search for good hyper-parameters, whose trials any number of processes share.
--
--     for hex in bat:search{trials = 200, stopping = hypero.halving(81)}:each() do train(hex) end
--
-- All processes make it with the same options. The name and the seed are its identity in the battery. The first declaration counts,
-- and a later one with more trials raises their number, also after the search has ended. Options:
--
-- - `trials`: their number, 1 to 1,000,000.
-- - `seed`: the seed of all draws (default 1). `name`: the name of the search (default `search`).
-- - `sampler`: `tpe` (default), which learns from the trials that have ended, or `random`.
-- - `stopping`: the rule that stops bad trainings early, of `hypero.halving` or `hypero.median`. Default: none.
-- - `attempts`: the number of processes that may get one trial, 1 to 100 (default 3). After that many are lost, it ends as `failed`.
-- - `lease`: the seconds without a sign of life after which a trial is lost, 1 to 2,592,000 (default 600).
function Battery:search(options)
   local search = searches.new(self, options)
   return search
end

--- Returns the experiments of the battery as a list of rows, and the list of the columns' names. See hypero/export.lua.
function Battery:exportTable(options)
   local rows, columns = export.table(self, options or {})
   return rows, columns
end

--- Returns the rule that goes on with the best third at each rung, and looks again at every epoch: asynchronous successive halving.
--
-- Takes the epochs of a whole training, 2 to 1,000,000, or a table: `epochs`, `first`, the first rung (default: the larger of 3 and
-- `epochs` / 27), and `factor`, by which rungs grow and the trainings become fewer (default 3).
function hypero.halving(options)
   local rule = searches.stopping('halving', options)
   return rule
end

--- Returns the rule that goes on with the better half at each rung, from five trainings on. Takes `epochs` and `first`, as `halving`.
function hypero.median(options)
   local rule = searches.stopping('median', options)
   return rule
end

_G.hypero = hypero
return hypero
