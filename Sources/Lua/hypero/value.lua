--- Values of Lua as numbers, lists and JSON.
local ffi = require 'ffi'

local value = {}

--- Returns a number as text that reads back to the same number. 64 is "64": numbers of Lua are doubles.
local function number_text(number)
   if number % 1 == 0 and math.abs(number) < 2 ^ 53 then return ('%d'):format(number) end
   for digits = 15, 17 do
      local text = ('%.' .. digits .. 'g'):format(number)
      if tonumber(text) == number then return text end
   end
end

--- Returns true for nan and the infinities, which JSON does not have.
function value.is_special(number) return number ~= number or math.abs(number) == math.huge end

local escapes = {['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t'}

local function quoted(text)
   return '"' .. text:gsub('[%c"\\]', function(c) return escapes[c] or ('\\u%04x'):format(c:byte()) end) .. '"'
end

--- Returns the number of elements if a table is a list, else nil.
local function list_length(t)
   local count = 0
   for _ in pairs(t) do count = count + 1 end
   return count == #t and count or nil
end

--- Returns a tensor or another object with `:totable()` as a table, and other values as they are.
local function plain(object)
   local kind = type(object)
   if kind ~= 'table' and kind ~= 'userdata' and kind ~= 'cdata' then return object end
   local found, totable = pcall(function() return object.totable end)
   return found and totable and totable(object) or object
end

local encode

local function encode_table(t, name, depth)
   if depth > 60 then error(('%s: a table is nested too deeply, or in itself'):format(name), 0) end
   local parts = {}
   if list_length(t) then
      for i, element in ipairs(t) do parts[i] = encode(element, name, depth + 1) end
      return '[' .. table.concat(parts, ',') .. ']'
   end
   for key, element in pairs(t) do
      parts[#parts + 1] = quoted(tostring(key)) .. ':' .. encode(element, name, depth + 1)
   end
   table.sort(parts)
   return '{' .. table.concat(parts, ',') .. '}'
end

function encode(object, name, depth)
   object = plain(object)
   local kind = type(object)
   if kind == 'number' then return value.is_special(object) and quoted(tostring(object)) or number_text(object) end
   if kind == 'string' then return quoted(object) end
   if kind == 'boolean' then return tostring(object) end
   if kind == 'table' then return encode_table(object, name, depth) end
   if kind == 'cdata' and tonumber(object) then
      if ffi.istype('int64_t', object) or ffi.istype('uint64_t', object) then return (tostring(object):gsub('U?LL$', '')) end
      return encode(tonumber(object), name, depth)
   end
   error(('%s: a %s is not a value. Give a number, a text, a boolean or a table of these.'):format(name, kind), 0)
end

--- Returns a value as JSON. Raises an error with the name, without a position, for a function, a coroutine and the like.
function value.json(object, name) return encode(object, name, 0) end

--- Returns true for an object that can be a learning curve: a list of numbers, a tensor, or an object with a length.
function value.is_list(object)
   object = plain(object)
   if type(object) == 'table' then
      local metatable = getmetatable(object)
      return metatable and metatable.__len ~= nil or list_length(object) ~= nil
   end
   return type(object) ~= 'string' and (pcall(function() return #object end))
end

--- Returns the numbers of a learning curve as an array of doubles, and their count.
--
-- The curve is a table of numbers, an object with `:totable()` such as a torch tensor, or one with a length and elements from 1.
function value.numbers(curve, name)
   local list = plain(curve)
   if type(list) == 'number' or type(list) == 'string' or not value.is_list(list) then
      error(('%s: a learning curve must be a list of numbers, not a %s'):format(name, type(list)), 0)
   end
   local metatable = type(list) == 'table' and getmetatable(list)
   local count = metatable and metatable.__len and metatable.__len(list) or #list
   local numbers = ffi.new('double[?]', count)
   for i = 1, count do
      local number = type(list[i]) == 'number' and list[i] or type(list[i]) == 'cdata' and tonumber(list[i])
      if not number then
         error(('%s: the value of epoch %d must be a number, not a %s'):format(name, i, type(list[i])), 0)
      end
      numbers[i - 1] = number
   end
   return numbers, count
end

--- Returns a character of the basic plane, the one that JSON escapes, as UTF-8.
local function utf8(code)
   if code < 0x80 then return string.char(code) end
   if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
   return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

--- Returns the value of a JSON text that hypero-query has printed. null is nil.
function value.parse(text)
   local at = 1
   local parse
   local function token(pattern)
      local first, last, capture = text:find('^%s*' .. pattern, at)
      if first then at = last + 1 end
      return first and (capture or true)
   end
   local unescapes = {b = '\b', f = '\f', n = '\n', r = '\r', t = '\t'}
   local function string_rest()
      local start = at
      while true do
         local quote = text:find('["\\]', at) or error('not JSON: ' .. text, 0)
         if text:sub(quote, quote) == '"' then
            at = quote + 1
            local raw = text:sub(start, quote - 1)
            return (raw:gsub('\\(.)(%x?%x?%x?%x?)', function(c, digits)
               return c == 'u' and utf8(tonumber(digits, 16)) or (unescapes[c] or c) .. digits
            end))
         end
         at = quote + 2
      end
   end
   function parse()
      if token('"') then return string_rest() end
      if token('{') then
         local object = {}
         while not token('}') do
            token(',')
            local key = token('"') and string_rest() or error('not JSON: ' .. text, 0)
            token(':')
            object[key] = parse()
         end
         return object
      end
      if token('%[') then
         local list, count = {}, 0
         while not token('%]') do
            token(',')
            count = count + 1
            list[count] = parse()
         end
         return list
      end
      local word = token('([%w.+-]+)') or error('not JSON: ' .. text, 0)
      if word == 'true' then return true end
      if word == 'false' then return false end
      return tonumber(word)
   end
   return parse()
end

return value
