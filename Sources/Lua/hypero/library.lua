--- The C library and its header, which LuaJIT reads as it stands.
--
-- Both are searched in the folder of `HYPERO_LIBRARY`; without that variable beside hypero.lua, as `Scripts/build-c` puts them,
-- then in the folders of the system.
local ffi = require 'ffi'

local library = {}

--- The folder of hypero.lua.
local own_folder = debug.getinfo(1, 'S').source:match('^@(.*)/hypero/[^/]*$') or '.'

--- Returns the declarations of hypero.h. FFI has no preprocessor: the lines of it, and what is for C++, are left out.
local function declarations(file)
   local text = file:read('*a')
   return (text:gsub('#ifdef __cplusplus.-#endif', ''):gsub('\n#[^\n]*', '\n'))
end

--- Loads the library beside a header, or, for a header of the system, that of the system.
local function load()
   local tried = {}
   local chosen = os.getenv('HYPERO_LIBRARY')
   for _, folder in ipairs(chosen and {chosen} or {own_folder, '/usr/local/include', '/usr/include'}) do
      local header = io.open(folder .. '/hypero.h')
      if header then
         ffi.cdef(declarations(header))
         header:close()
         local path = folder .. '/libhypero.so.1'
         local file = io.open(path)
         if file then file:close() end
         library.folder = folder
         return ffi.load(file and path or 'libhypero.so.1')
      end
      tried[#tried + 1] = folder
   end
   error('hypero.h not found in ' .. table.concat(tried, ', ')
      .. '. Set HYPERO_LIBRARY to the folder that Scripts/build-c prints.', 0)
end

library.C = load()

--- Raises an error of Lua, at a level of the stack, if a status is HYPERO_INVALID: a mistake of the program.
--
-- Returns true if the call has done its work. What the client has dropped is counted and reported by it.
function library.check(status, level)
   if status == library.C.HYPERO_INVALID then error(ffi.string(library.C.hypero_error()), level + 1) end
   return status == library.C.HYPERO_OK
end

--- As `check`. Returns false and the reason instead of false alone.
function library.succeeded(status, level)
   if library.check(status, level + 1) then return true end
   return false, ffi.string(library.C.hypero_error())
end

--- Returns a text argument, which C reads until the first zero byte.
function library.text(value, name, level)
   if type(value) ~= 'string' then error(('%s must be a text, not a %s'):format(name, type(value)), level + 1) end
   if value:find('\0', 1, true) then error(name .. ' must have no zero byte', level + 1) end
   return value
end

--- Returns a number argument.
function library.number(value, name, level)
   if type(value) == 'number' then return value end
   -- A 64-bit integer, or an object that converts to a number.
   local number = type(value) == 'cdata' and tonumber(value) or nil
   if not number then error(('%s must be a number, not a %s'):format(name, type(value)), level + 1) end
   return number
end

--- Returns an argument that is a whole number. FFI would cut the fraction.
function library.whole(value, name, level)
   if type(value) == 'cdata' and (ffi.istype('int64_t', value) or ffi.istype('uint64_t', value)) then return value end
   local number = library.number(value, name, level + 1)
   if number % 1 ~= 0 or math.abs(number) > 2 ^ 63 - 1024 then
      error(('%s must be a whole number, not %s'):format(name, tostring(number)), level + 1)
   end
   return number
end

--- Returns a seed as a `uint64_t`. The conversion of a negative number is not defined, and made one seed of all.
function library.seed(value, name, level)
   local number = library.whole(value, name, level + 1)
   if not ffi.istype('uint64_t', number) and number < 0 then
      error(('%s must be from 0 to 2^64 - 1, not %s'):format(name, tostring(number)), level + 1)
   end
   return ffi.cast('uint64_t', number)
end

--- Raises an error at a level of the stack for an option that does not exist or has another type.
--
-- types: 'text', 'whole' or another type of Lua by option.
function library.options(options, types, name, level)
   if type(options) ~= 'table' then error(('%s takes a table of options, not a %s'):format(name, type(options)), level) end
   for option, object in pairs(options) do
      local expected = types[option]
      if expected == 'text' or expected == 'whole' then
         library[expected](object, option, level)
      elseif not expected then
         local names = {}
         for known in pairs(types) do names[#names + 1] = known end
         table.sort(names)
         error(('%s has no option %s. The options are %s.'):format(name, tostring(option), table.concat(names, ', ')), level)
      elseif type(object) ~= expected then
         error(('%s must be a %s, not a %s'):format(option, expected, type(object)), level)
      end
   end
end

return library
