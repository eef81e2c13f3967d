import { Option } from 'commander'
import { type Config, type Setting, settings } from '#config'

/**
 * The option of a setting: its value is stored under the setting's name, which commander derives from the flag.
 * @param description where it means something else to a command than to the operator
 */
export function settingOption(name: keyof Config, description?: string): Option {
  const setting: Setting = settings[name]
  const option = new Option(setting.flag, description ?? setting.description).env(setting.variable)
  if (option.attributeName() !== name) throw new Error(`setting ${name} has the flag ${setting.flag}`)
  return setting.default === undefined || setting.default === '' ? option : option.default(setting.default)
}
