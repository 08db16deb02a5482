--- The three forms of categories with weights.
local library = require 'hypero.library'

local categories = {}

--- Returns true if the elements of a list are pairs of a value and a weight.
local function has_pairs(list)
   for _, element in ipairs(list) do
      if type(element) ~= 'table' or #element ~= 2 or type(element[2]) ~= 'number' then return false end
   end
   return #list > 0
end

--- Returns true if the keys of a table are 1 to its length.
local function is_list(t)
   local count = 0
   for _ in pairs(t) do count = count + 1 end
   return count == #t
end

--- Returns the values and their weights, in the order that decides the draw of a seed. Weights of nil are equal.
--
-- - `({'a', 'b'}, {0.8, 0.2})`: values, and the weight of each.
-- - `{{'a', 0.5}, {'b', 0.5}}`: pairs, in the given order.
-- - `{'a', 'b', 'c'}`: equally likely values.
-- - `{[0.8] = 'a', [0.2] = 'b'}`: weights as keys. A table has no order: the values are sorted by their weight, the lowest first.
--   **Two equal weights lose a value in Lua itself**: `{[0.5] = 'a', [0.5] = 'b'}` is `{[0.5] = 'b'}`. Write pairs.
function categories.of(given, weights, level)
   if type(given) ~= 'table' then error(('categories must be a table, not a %s'):format(type(given)), level + 1) end
   if weights ~= nil then
      if type(weights) ~= 'table' or #weights ~= #given then
         error('weights must be a list with a number per value', level + 1)
      end
      return given, weights
   end
   local values
   if has_pairs(given) then
      values, weights = {}, {}
      for i, pair in ipairs(given) do values[i], weights[i] = pair[1], pair[2] end
      return values, weights
   end
   if is_list(given) then return given, nil end
   values, weights = {}, {}
   for weight in pairs(given) do weights[#weights + 1] = library.number(weight, 'a weight', level + 1) end
   table.sort(weights)
   for i, weight in ipairs(weights) do values[i] = given[weight] end
   return values, weights
end

return categories
