-- The later form of the torch library: the global variable, a sampler, setParam, setMeta, setResult and exportTable.
local check = require 'check'
require 'hypero'

local conn = hypero.connect()
local bat = conn:battery('later form', 'the first version', {objective = 'validAcc', directions = {loss = 'min'}})
local hs = hypero.Sampler()
check.equal(bat.id:match('^later%-form%.v1%.') ~= nil, true, 'a text in the place of the version describes version 1')

-- A tensor, an object with a length, and a table are curves.
local tensor = setmetatable({}, {__index = {totable = function() return {0.25, 0.5} end}})
local sized = setmetatable({}, {__len = function() return 2 end, __index = function(_, i) return i / 4 end})

local params = {
   preprocess = hs:categorical({0.8, 0.1, 0.1}, {'', 'lcn', 'std'}), startLR = hs:logUniform(math.log(0.1), math.log(0.00001)),
   satEpoch = hs:normal(300, 200), depth = hs:randint(1, 7), dropout = hs:uniform(0, 0.5),
}
check.equal(params.startLR >= 0.00001 and params.startLR <= 0.1, true, 'the bounds of logUniform, in either order')
local accuracies = {0.5, 0.9, 0.7}
for _, accuracy in ipairs(accuracies) do
   local hex = bat:experiment()
   hex:setParam(params)
   hex:setParam{bs = 64, layers = {64, 32}, nested = {on = true, name = 'a "quoted"\nline'}, none = 0 / 0, numeric = '64'}
   hex:setMeta{hostname = 'bobby', screen = 3463, shape = tensor}
   hex:setResult{
      validAcc = accuracy, testAcc = accuracy - 0.1, trainCurve = tensor, validCurve = sized, lossCurve = {2, 1, 0.5}, note = 'ok',
      confusion = {{3, 1}, {0, 4}},
   }
   hex:log(3, {train = 0.75, ['loss/aux'] = 4})
   check.equal(hex:finish(), true, 'the first end is recorded')
   check.equal({hex:finish(), hex:hasEnded(), hex:log(4, {train = 1})}, {false, true, false}, 'after the end')
end
check.equal(conn:flush('applied', 60), true, 'the events are applied')

local rows, columns = bat:exportTable{
   paramNames = 'bs, layers,numeric', resultNames = {'validAcc', 'testAcc'}, metaNames = 'screen,shape,note,confusion',
   orderBy = 'validAcc', asc = false,
}
check.equal(columns,
   {'hexId', 'bs', 'layers', 'numeric', 'validAcc', 'testAcc', 'screen', 'shape', 'note', 'confusion'}, 'the columns')
check.equal(rows[1],
   {rows[1][1], 64, {64, 32}, '64', 0.9, 0.8, 3463, {0.25, 0.5}, 'ok', {{3, 1}, {0, 4}}}, 'the best experiment')
check.equal({rows[1][5], rows[2][5], rows[3][5]}, {0.9, 0.7, 0.5}, 'the order, the highest first')
local all, names = bat:exportTable{}
check.equal({all[1][1], all[2][1], all[3][1]}, {rows[3][1], rows[1][1], rows[2][1]}, 'the order of the starts')
check.equal(table.concat(names, ' '),
   'hexId bs depth dropout layers nested none numeric preprocess satEpoch startLR testAcc validAcc '
   .. 'confusion hostname note screen shape', 'all columns')
for i, name in ipairs(names) do
   if name == 'nested' then check.equal(all[1][i], {on = true, name = 'a "quoted"\nline'}, 'a nested value') end
   if params[name] then check.equal(all[1][i], params[name], name) end
end
check.refused("orderBy: no column is called 'nonsense'", bat.exportTable, bat, {orderBy = 'nonsense'})

-- All versions and descriptions of a name, a battery without experiments, and no file of the query that stays.
local first, other = conn:battery('versions', 1, 'one'), conn:battery('versions', 1, 'another description')
first:experiment():finish()
check.equal({other:exportTable{orderBy = 'validAcc'}}, {{}, {'hexId'}}, 'a battery without experiments')
other:experiment():finish()
local dashed = conn:battery('--name', 1, 'it\'s "quoted"')
dashed:experiment():finish()
check.equal(conn:flush('applied', 60), true, 'the events of other batteries are applied')
check.equal({#first:exportTable{}, #other:exportTable{}, #other:exportTable{verDesc = '*'}, #first:exportTable{verDesc = ''}},
   {1, 1, 2, 2}, 'all versions')
check.equal({#dashed:exportTable{verDesc = '*'}, #dashed:exportTable{}}, {1, 1}, 'a name that looks like an option')
local elsewhere = hypero.connect('unix:///nowhere/redis.sock'):battery('elsewhere')
check.refused('unix:///nowhere/redis.sock', elsewhere.exportTable, elsewhere)
local made, tmpname = {}, os.tmpname
os.tmpname = function() made[#made + 1] = tmpname() return made[#made] end
local value = require 'hypero.value'
local parse = value.parse
value.parse = function() error('no JSON') end
check.equal(pcall(bat.exportTable, bat, {}), false, 'a line that is no JSON')
value.parse, os.tmpname = parse, tmpname
check.equal({#made, (io.open(made[1]))}, {1}, 'the file of the query is removed')

print(rows[1][1])
check.equal(conn:close(), true, 'close')
