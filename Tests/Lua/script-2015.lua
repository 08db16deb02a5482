hp = require 'hypero'

conn = hp.connect{database='localhost', username='nicholas'}

bat = conn:battery("RNN Visual Attenion", 3, "fixed bug in Sequencer")

hex = bat:experiment()

opt.learningRate = hex:logUniform("lr", 0.00001, 0.1)
opt.lrDecay = hex:categorical("lr decay", {[0.8] = "linear", [0.2] = "adaptive"})
opt.minLR = hex:logUniform("min lr", opt.learningRate/1000, opt.learningRate/10)
opt.saturateEpoch = hex:normal("saturate", 600, 200)

hex:insertVarHP("channel", unpack(opt.channelSize))
hex:insertVarHP("hidden", unpack(opt.hiddenSize))
hex:insertHP("bs", opt.batchSize)

xp = buildExperiment(opt)
xp:run(ds)

hex:updateMaxima(trainAccuracy, validAccuracy, testAccuracy)
hex:updateLearningCurve(trainCurve, validCurve, testCurve)

hex:updateName(xp:name())
hex:updateHostname(dp.hostname())
hex:updateDataset(torch.type(ds))
hex:updatePreprocess("Standardize")
hex:updateSavepath(paths.concat(dp.SaveDir,dp:name()..'.dat'))

for i=1,opt.nHex do
   hex = conn:experiment("RNN Visual Attenion", 3, "fixed bug in Sequencer")
   opt.learningRate = hex:logUniform("lr", 0.00001, 0.1)
   opt.lrDecay = hex:categorical("lr decay", {[0.8] = "linear", [0.2] = "adaptive"})
   hex:updateMaxima(trainAccuracy, validAccuracy, testAccuracy)
   hex:updateLearningCurve(trainCurve, validCurve, testCurve)
end
