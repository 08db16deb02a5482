-- Reads what script-2015.lua has logged, with the account of the server's administrator.
local check = require 'check'
local hp = require 'hypero'

local bat = hp.connect():battery("RNN Visual Attenion", 3, "fixed bug in Sequencer")
local rows, columns = bat:exportTable{orderBy = 'hexId'}
check.equal(#rows, 3, 'the number of experiments')
local first = {}
for i, name in ipairs(columns) do first[name] = rows[1][i] end
check.equal(first.channel, {32, 64}, 'channel')
check.equal(first.hidden, {128, 64, 32}, 'hidden')
check.equal(first.bs, 64, 'bs')
check.equal({first.train, first.valid, first.test}, {0.99, 0.87, 0.86}, 'the maxima')
check.equal({first.name, first.hostname, first.dataset, first.preprocess, first.savepath},
   {'rnn', 'node7', 'dp.Mnist', 'Standardize', '/models/rnn-17.dat'}, 'the metadata')
check.equal(first.lr >= 0.00001 and first.lr <= 0.1 and first['min lr'] <= first.lr / 10, true, 'the draws')
