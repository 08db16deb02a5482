-- Runs script-2015.lua as it stands, with the parts of torch and dp that it calls. Its server listens on another port than 6379.
local check = require 'check'
local hypero = require 'hypero'

local connect = hypero.connect
function hypero.connect(options)
   check.equal(options, {database = 'localhost', username = 'nicholas'}, 'the options of the script')
   options.port = tonumber(os.getenv('TEST_PORT'))
   return connect(options)
end

opt = {channelSize = {32, 64}, hiddenSize = {128, 64, 32}, batchSize = 64, nHex = 2}
ds = {}
trainAccuracy, validAccuracy, testAccuracy = 0.99, 0.87, 0.86
trainCurve, validCurve, testCurve = {0.7, 0.99}, {0.6, 0.87}, {0.5, 0.86}
dp = {SaveDir = '/models', hostname = function() return 'node7' end, name = function() return 'rnn-17' end}
torch = {type = function() return 'dp.Mnist' end}
paths = {concat = function(folder, name) return folder .. '/' .. name end}
function buildExperiment(options)
   check.equal(type(options.learningRate), 'number', 'the type of a draw')
   return {run = function() end, name = function() return 'rnn' end}
end

dofile('script-2015.lua')

-- The script does not close: what follows is the test's.
check.equal(opt.lrDecay == 'linear' or opt.lrDecay == 'adaptive', true, 'a value was drawn')
check.equal(conn:flush('applied', 60), true, 'the events are applied')
check.equal(conn:counters().dropped_invalid, 0, 'the number of dropped events')
